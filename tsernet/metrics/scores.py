"""From images to a dataset: means, curves and their peaks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tsernet.metrics.measures import MEASURES, THRESHOLDS, Counts, Floats, Grey, Measured, measure_map

# A map's pixel counts as marked from here on, where a threshold is needed: half of the range, as for IoU.
_HALF = 128

Single = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Figures:
    """The ten measures, of an image or of a dataset; see `MEASURES`."""

    s_measure: float
    mae: float
    max_e_measure: float
    mean_e_measure: float
    adaptive_e_measure: float
    max_f_measure: float
    mean_f_measure: float
    adaptive_f_measure: float
    weighted_f_measure: float
    iou: float


@dataclass(frozen=True, slots=True)
class ImageScore(Figures):
    """An image's row of per_image.csv.

    `max_e_measure` and `max_f_measure` are the image's E and F at the threshold where the *dataset's* mean curve peaks, so that the mean
    of every column is the dataset's figure.
    """

    name: str
    coverage: float
    mask_digest: str


@dataclass(frozen=True, slots=True)
class Curves:
    """The dataset's mean curves, each (256,), by ascending threshold 0…255."""

    precision: Floats
    recall: Floats
    f_measure: Floats
    e_measure: Floats
    iou: Floats

    @property
    def best_threshold(self) -> int:
        """The threshold, 0…255, where the mean F-measure peaks; the lowest of equals."""
        return int(self.f_measure.argmax())


@dataclass(frozen=True, slots=True)
class UniformScores:
    """What maps score against masks that are all ground (clean images) or all defect.

    F, weighted F, E and IoU are not defined there: nothing can be found, or nothing can be marked falsely. S would be the mean of the map
    or of its inverse, after a stretch to its own range that makes a full map of the faintest noise. So the maps are looked at as they are.

    Attributes:
        count: How many such images.
        wrong_area: Mean share of pixels that are wrong at the threshold 128 of 255: marked if clean, missed if full; [0, 1].
        with_any: Share of the images with at least one such pixel; [0, 1].
        mae: Mean absolute error of the map as given; [0, 1].
        names: Of the images, sorted.
    """

    count: int
    wrong_area: float
    with_any: float
    mae: float
    names: tuple[str, ...] = ()

    @classmethod
    def of(cls, images: Sequence[Measured], is_clean: bool) -> UniformScores | None:
        """Score images of one kind; None if there are none."""
        if not images:
            return None
        row, values = (0, np.arange(THRESHOLDS)) if is_clean else (1, np.arange(THRESHOLDS)[::-1])
        counts = np.stack([image.histogram[row] for image in images])
        shares = counts / counts.sum(axis=1, keepdims=True)
        wrong = shares[:, values >= _HALF].sum(axis=1)
        return cls(
            count=len(images),
            wrong_area=float(wrong.mean()),
            with_any=float((wrong > 0).mean()),
            mae=float((shares @ values).mean() / (THRESHOLDS - 1)),
            names=tuple(image.name for image in images),
        )


@dataclass(frozen=True, slots=True)
class Scores(Figures):
    """What a set of maps scores.

    The ten measures, the curves and the rows are those of images with defect and ground in the mask: the others are in `clean` and `full`.
    Where there is no such image, `count` is 0 and the measures are NaN.

    max F and max E are the peaks of the dataset's mean curves, as in the paper; everything else is the mean over images. `f_curves` and
    `e_curves` are (count, 256) for bootstraps; `histograms` (count, 2, 256) for reliability. Images are in the order of their names.
    """

    count: int
    masks_digest: str
    per_image: tuple[ImageScore, ...]
    curves: Curves
    f_curves: Single
    e_curves: Single
    histograms: Counts
    resized: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    clean: UniformScores | None = None
    full: UniformScores | None = None

    def measures(self) -> dict[str, float | None]:
        """Give the ten measures and the counts by their keys in metrics.json; None for a measure that no image defines."""
        figures: dict[str, float | None] = {}
        for measure in MEASURES:
            figures[measure.key] = float(getattr(self, measure.key)) if self.count else None
        figures["count"] = self.count
        for kind, scores in (("clean", self.clean), ("full", self.full)):
            if scores is not None:
                figures |= {f"{kind}_{key}": getattr(scores, key) for key in ("count", "wrong_area", "with_any", "mae")}
        return figures


def digest_of_masks(images: Iterable[tuple[str, str]]) -> str:
    """Name a set of masks by its content.

    Args:
        images: (name, mask digest) of every image, in any order.
    Returns:
        sha256 over the sorted pairs.
    """
    lines = "".join(f"{name} {digest}\n" for name, digest in sorted(images))
    return hashlib.sha256(lines.encode()).hexdigest()


def score_pairs(pairs: Iterable[tuple[str, Grey, Grey]]) -> Scores:
    """Score maps that are in memory.

    Args:
        pairs: (name, map, mask): uint8, both (H, W); the map 0…255, the mask defect above 128.
    Raises:
        ValueError: If there is no pair, a name repeats, or a pair does not fit together.
    """
    return collect([measure_map(name, saliency, mask) for name, saliency, mask in pairs])


def collect(measured: Sequence[Measured]) -> Scores:
    """Put images together to a dataset.

    Images are sorted by name first: sums of floats depend on their order, and no figure may depend on the order of files.

    Raises:
        ValueError: If there is no image or a name repeats.
    """
    everything = sorted(measured, key=lambda image: image.name)
    if not everything:
        raise ValueError("expected at least one map, got none")
    for one, other in pairwise(everything):
        if one.name == other.name:
            raise ValueError(f"expected names that do not repeat, got {one.name!r} twice")
    clean, full = ([image for image in everything if image.coverage == share] for share in (0.0, 1.0))
    images = [image for image in everything if 0.0 < image.coverage < 1.0]
    rest: dict[str, Any] = {
        "masks_digest": digest_of_masks((image.name, image.mask_digest) for image in everything),
        "resized": tuple(image.name for image in everything if image.resized),
        "clean": UniformScores.of(clean, is_clean=True),
        "full": UniformScores.of(full, is_clean=False),
    }
    if not images:
        return _undefined(rest)
    f_curves = np.stack([image.f_curve for image in images])
    e_curves = np.stack([image.e_curve for image in images])
    curves = Curves(
        precision=_mean([image.precision for image in images]),
        recall=_mean([image.recall for image in images]),
        f_measure=f_curves.mean(axis=0),
        e_measure=e_curves.mean(axis=0),
        iou=_mean([image.iou_curve for image in images]),
    )
    per_image = _rows(images, best_e=int(curves.e_measure.argmax()), best_f=curves.best_threshold)
    means = {measure.key: float(np.mean([getattr(row, measure.key) for row in per_image])) for measure in MEASURES}
    return Scores(
        s_measure=means["s_measure"],
        mae=means["mae"],
        max_e_measure=means["max_e_measure"],
        mean_e_measure=means["mean_e_measure"],
        adaptive_e_measure=means["adaptive_e_measure"],
        max_f_measure=means["max_f_measure"],
        mean_f_measure=means["mean_f_measure"],
        adaptive_f_measure=means["adaptive_f_measure"],
        weighted_f_measure=means["weighted_f_measure"],
        iou=means["iou"],
        count=len(images),
        per_image=per_image,
        curves=curves,
        f_curves=f_curves.astype(np.float32),
        e_curves=e_curves.astype(np.float32),
        histograms=np.stack([image.histogram for image in images]),
        **rest,
    )


def _undefined(rest: dict[str, Any]) -> Scores:
    """Scores of a set in which no image has both defect and ground."""
    none = np.full(THRESHOLDS, np.nan)
    undefined: dict[str, Any] = dict.fromkeys((measure.key for measure in MEASURES), float("nan"))
    return Scores(
        **undefined,
        count=0,
        per_image=(),
        curves=Curves(none, none, none, none, none),
        f_curves=np.empty((0, THRESHOLDS), dtype=np.float32),
        e_curves=np.empty((0, THRESHOLDS), dtype=np.float32),
        histograms=np.empty((0, 2, THRESHOLDS), dtype=np.int64),
        **rest,
    )


def _mean(curves: list[Floats]) -> Floats:
    mean: Floats = np.mean(curves, axis=0)
    return mean


def _rows(images: Sequence[Measured], best_e: int, best_f: int) -> tuple[ImageScore, ...]:
    return tuple(
        ImageScore(
            name=image.name,
            coverage=image.coverage,
            mask_digest=image.mask_digest,
            s_measure=image.s_measure,
            mae=image.mae,
            max_e_measure=float(image.e_curve[best_e]),
            mean_e_measure=float(image.e_curve.mean()),
            adaptive_e_measure=image.adaptive_e_measure,
            max_f_measure=float(image.f_curve[best_f]),
            mean_f_measure=float(image.f_curve.mean()),
            adaptive_f_measure=image.adaptive_f_measure,
            weighted_f_measure=image.weighted_f_measure,
            iou=image.iou,
        )
        for image in images
    )
