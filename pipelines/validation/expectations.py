"""What data must meet: every expectation, in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tsernet.config import Validate
from tsernet.data.classes import CLASSES

Severity = Literal["error", "warning"]
Table = Literal["samples", "splits", "classes", "parts"]


@dataclass(frozen=True)
class Expectation:
    """One expectation.

    Attributes:
        name: What summary.json calls it.
        table: Over which table; its key column gives the failing names.
        description: The expectation as a sentence.
        severity: An error stops the pipeline, a warning is shown.
        kind: Class of `great_expectations.expectations`.
        arguments: What it takes.
    """

    name: str
    table: Table
    description: str
    kind: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    severity: Severity = "error"


FILE_FAULTS = {
    "image-missing": "Every mask has its image",
    "image-ambiguous": "A stem belongs to one image file",
    "image-link": "Image files are files, not symbolic links",
    "image-no-bytes": "No image file is empty",
    "image-unreadable": "Every image file is PNG, BMP, JPEG, TIFF or JPEG 2000",
    "image-broken": "Every image can be decoded to its end",
    "image-bomb": "No image claims more pixels than validate.max_pixels",
    "image-pages": "An image file holds one image",
    "image-depth": "Images have 8 bits a sample, or up to 16 and dataset.levels says how they become 8",
    "image-alpha": "No image has transparent pixels",
    "image-mode": "Images are grey, RGB, CMYK or of a palette",
    "image-codec": "Images are compressed in a way that is known here",
    "image-small": "Images are at least 16×16",
    "label-unmatched": "Every line of labels.csv has its image",
    "mask-missing": "Every image has its mask",
    "mask-ambiguous": "A stem belongs to one mask file",
    "mask-link": "Mask files are files, not symbolic links",
    "mask-no-bytes": "No mask file is empty",
    "mask-unreadable": "Every mask file is PNG, BMP, TIFF or JPEG",
    "mask-broken": "Every mask can be decoded to its end",
    "mask-bomb": "No mask claims more pixels than validate.max_pixels",
    "mask-pages": "A mask file holds one image",
    "mask-depth": "Masks have samples of 1 to 16 bits",
    "mask-alpha": "No mask has transparent pixels",
    "mask-mode": "Masks are grey, RGB or of a palette",
    "mask-codec": "Masks are compressed in a way that is known here",
    "mask-channels": "A mask stored as RGB has three equal channels (dataset.masks.values)",
    "mask-palette": "Index 0 of a mask's palette is black (dataset.masks.values)",
    "mask-size": "A mask has the size of its image",
    "mask-zero-one": "Masks are stored as 0 and 255, not as 0 and 1 (dataset.masks.values)",
    "mask-grey": "Masks hold 0 and 255 and nothing between (dataset.masks.threshold, dataset.masks.values)",
}
"""Codes that begin a reason in the manifest, and the expectation that each one fails."""


def list_expectations(config: Validate, source: str) -> list[Expectation]:
    """List what holds for a dataset of this source under these bounds."""
    listed = [_no_file_fault(code, text) for code, text in FILE_FAULTS.items()]
    listed += _of_samples(config) + _of_splits(config) + _of_classes(config)
    return listed + (_of_published() if source == "sd-saliency-900" else [])


def _no_file_fault(code: str, text: str) -> Expectation:
    return Expectation(code, "samples", text, "ExpectColumnValuesToNotMatchRegex", {"column": "reason", "regex": f"^{code}:"})


def _null(name: str, table: Table, text: str, severity: Severity = "error") -> Expectation:
    """A column of findings, named after the expectation, that must stay empty."""
    return Expectation(name, table, text, "ExpectColumnValuesToBeNull", {"column": name.replace("-", "_")}, severity)


def _of_samples(config: Validate) -> list[Expectation]:
    between = "ExpectColumnValuesToBeBetween"
    return [
        # Pixels are counted: a share of a large image is rounded, and a pinhole with it.
        _null("clean-with-class", "samples", "No image with an empty mask is of a class of defect (labels.csv)", "warning"),
        Expectation("mask-full", "samples", "No mask marks everything", between, {"column": "ground_pixels", "min_value": 1}),
        # One mask may look inverted and be right: a defect that comes in from an edge and covers two thirds.
        Expectation(
            "mask-inverted",
            "samples",
            "Defect is white in the mask, ground is black (validate.inverted_above)",
            between,
            {"column": "inversion", "max_value": config.inverted_above},
            "warning",
        ),
        _null("masks-inverted", "samples", "At most half of the masks look inverted (validate.inverted_above)"),
        _null("depth-mixed", "samples", "The images of a dataset have one number of bits (dataset.depths: mixed allows several)"),
        Expectation(
            "levels-clipped",
            "samples",
            f"Of every image at most {config.max_clipped} lies outside the levels (dataset.levels, validate.max_clipped)",
            between,
            {"column": "clipped", "max_value": config.max_clipped},
            "warning",
        ),
        _null(
            "defects-lost",
            "samples",
            f"At most {config.max_lost} of the defects vanish at the training's scale (train.augment.resize, validate.max_lost)",
            "warning",
        ),
        Expectation(
            "image-constant",
            "samples",
            f"The grey levels of every image deviate by at least {config.min_contrast} (validate.min_contrast)",
            between,
            {"column": "contrast", "min_value": config.min_contrast},
        ),
        _null("name-case", "samples", "No two names differ only in case"),
        _null("duplicate-across-splits", "samples", "No image is in two splits under different names"),
        _null("duplicate-in-split", "samples", "No image is twice in one split", "warning"),
        # An error, as equal pixels are: what was trained or chosen on would be judged by itself.
        _null("near-duplicate", "samples", "No test image is in training or validation re-encoded, flipped, turned, darker or brighter"),
        _null(
            "near-duplicate-chosen-by",
            "samples",
            "No training image is in validation re-encoded, flipped, turned, darker or brighter",
            "warning",
        ),
    ]


def _of_splits(config: Validate) -> list[Expectation]:
    return [
        _null("split-empty", "parts", "Training and test split have samples"),
        Expectation(
            "clean-share",
            "parts",
            f"Of every part from {config.clean.least} to {config.clean.most} of the images have an empty mask (validate.clean)",
            "ExpectColumnValuesToBeBetween",
            {"column": "clean_share", "min_value": config.clean.least, "max_value": config.clean.most},
        ),
        _null("split-unknown", "splits", "Every name of a split is in the manifest"),
        _null("split-unusable", "splits", "Every sample of a split is usable"),
        _null("split-overlap", "splits", "No name is in two splits"),
        _null("split-repeat", "splits", "No name is twice in one split"),
        _null("group-across-splits", "splits", "No group has samples in two splits"),
    ]


def _of_classes(config: Validate) -> list[Expectation]:
    return [
        _null("class-not-in-train", "classes", "Every class is in the training split"),
        _null("class-not-in-test", "classes", "Every class is in the test split"),
        _null("class-not-in-val", "classes", "Every class is in the validation split, where there is one", "warning"),
        Expectation(
            "class-balance",
            "classes",
            f"The largest class is at most {config.max_class_ratio} times any other (validate.max_class_ratio)",
            "ExpectColumnValuesToBeBetween",
            {"column": "ratio", "max_value": config.max_class_ratio},
            "warning",
        ),
    ]


def _of_published() -> list[Expectation]:
    within = "ExpectColumnValuesToBeInSet"
    return [
        Expectation(
            "published-names", "classes", "SD-saliency-900 has three classes", within, {"column": "class", "value_set": list(CLASSES)}
        ),
        Expectation(
            "published-count", "classes", "SD-saliency-900 has 300 samples a class", within, {"column": "count", "value_set": [300]}
        ),
        Expectation(
            "mask-empty",
            "samples",
            "Every mask of SD-saliency-900 marks something",
            "ExpectColumnValuesToBeBetween",
            {"column": "defect_pixels", "min_value": 1},
        ),
        Expectation("published-width", "samples", "SD-saliency-900 is 200 pixels wide", within, {"column": "width", "value_set": [200]}),
        Expectation("published-height", "samples", "SD-saliency-900 is 200 pixels high", within, {"column": "height", "value_set": [200]}),
    ]
