"""What a plant asks first: which defects are found, which are missed, and what is marked falsely, on its own images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tsernet.metrics.measures import Grey
from tsernet.operating.curve import FOUND_SHARE
from tsernet.report.methods import Method
from tsernet.report.tables import Column, Row, Table, Value

FOUND_AT = 128
_EIGHT = np.ones((3, 3), dtype=bool)


@dataclass(frozen=True, slots=True)
class Detection:
    """What a map finds on one image.

    Attributes:
        defects: 8-connected regions of the mask.
        found: Those of which at least a tenth of the pixels is marked.
        false_regions: 8-connected regions of the map that touch no defect.
        false_pixels: Marked pixels outside the mask.
        ground_pixels: Pixels outside the mask.
    """

    name: str
    class_name: str
    defects: int
    found: int
    false_regions: int
    false_pixels: int
    ground_pixels: int

    @property
    def missed(self) -> int:
        """Defects that are not found."""
        return self.defects - self.found


def detect(name: str, class_name: str, mask: Grey, saliency: Grey, level: int = FOUND_AT) -> Detection:
    """Compare a map with a mask, region by region.

    Args:
        name: Of the image.
        class_name: Of its defects.
        mask: uint8, (H, W); above 128 is defect.
        saliency: uint8, (H, W).
        level: From this value on a pixel is marked.
    """
    truth, marked = mask > 128, saliency >= level
    labels, defects = ndimage.label(truth, _EIGHT)
    sizes, hits = (np.bincount(labels[where].ravel(), minlength=defects + 1)[1:] for where in (truth, truth & marked))
    regions, count = ndimage.label(marked, _EIGHT)
    return Detection(
        name=name,
        class_name=class_name,
        defects=int(defects),
        found=int((hits >= FOUND_SHARE * sizes).sum()),
        false_regions=int(count) - _touching(regions, truth),
        false_pixels=int((marked & ~truth).sum()),
        ground_pixels=int((~truth).sum()),
    )


def detect_all(
    names: Sequence[str], classes: Sequence[str], masks: Callable[[str], Grey], maps: Callable[[str], Grey], level: int = FOUND_AT
) -> list[Detection]:
    """Compare the maps of a test set with its masks, in the order of the names."""
    return [detect(name, class_name, masks(name), maps(name), level) for name, class_name in zip(names, classes, strict=True)]


def detection_table(found: Sequence[Detection]) -> Table:
    """Count what is found, missed and falsely marked, by class and in all."""
    columns = (
        Column("class", "class"),
        Column("images", "images", 0),
        Column("defects", "defects", 0),
        Column("found", "found", 0),
        Column("missed", "missed", 0),
        Column("share", "found, %", 1),
        Column("false_regions", "false regions", 0),
        Column("images_with_false", "images with such", 0),
        Column("false_area", "falsely marked area, %", 3),
    )
    note = (
        "A defect is a connected region of the mask; it is found if at least a tenth of its pixels"
        " is marked (from 128 of 255 on, or from the operating point on)."
        " A false region is a connected region of the map that touches no defect."
    )
    classes = sorted({one.class_name for one in found})
    rows = [_row(name or "none given", [one for one in found if one.class_name == name]) for name in classes]
    if len(rows) != 1:
        rows.append(_row("all", found))
    return Table("detection", "Defects found, missed and falsely marked, by class", note, columns, tuple(rows))


def most_missed(found: Sequence[Detection], count: int) -> list[Detection]:
    """Pick the images with the most missed defects, worst first; none without any."""
    return sorted((one for one in found if one.missed), key=lambda one: (-one.missed, one.found, one.name))[:count]


def most_false(found: Sequence[Detection], count: int) -> list[Detection]:
    """Pick the images with the most falsely marked pixels in regions that touch no defect, worst first; none without any."""
    return sorted((one for one in found if one.false_regions), key=lambda one: (-one.false_pixels, one.name))[:count]


def _row(label: str, found: Sequence[Detection]) -> Row:
    defects, hits = sum(one.defects for one in found), sum(one.found for one in found)
    ground = sum(one.ground_pixels for one in found)
    values: dict[str, Value] = {
        "class": label,
        "images": len(found),
        "defects": defects,
        "found": hits,
        "missed": defects - hits,
        "share": 100 * hits / defects if defects else None,
        "false_regions": sum(one.false_regions for one in found),
        "images_with_false": sum(one.false_regions > 0 for one in found),
        "false_area": 100 * sum(one.false_pixels for one in found) / ground if ground else None,
    }
    return Row(values)


def _touching(regions: NDArray[np.signedinteger[Any]], truth: NDArray[np.bool_]) -> int:
    met = np.unique(regions[truth])
    return int((met > 0).sum())


def measured_table(methods: Sequence[Method]) -> Table:
    """Give the scores of what was run on these images, without published figures beside them."""
    columns = (
        Column("name", "model"),
        Column("s_measure", "S", 3),
        Column("mae", "MAE", 3),
        Column("max_e_measure", "max E", 3),
        Column("max_f_measure", "max F", 3),
        Column("weighted_f_measure", "weighted F", 3),
        Column("iou", "IoU", 3),
    )
    rows = [
        Row({"name": method.label, **{column.key: method.measures[column.key] for column in columns[1:]}}, method.kind)
        for method in methods
        if method.kind != "published"
    ]
    note = "All of the test images. A constant map and the image's inverted brightness show what can be had without a model."
    return Table("measured", "Scores on these images", note, columns, tuple(rows))
