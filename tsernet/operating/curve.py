"""Free-response ROC: defects found against false components, threshold by threshold; and whole images told apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

FOUND_SHARE = 0.1
"""Of a defect's pixels, so many must be marked for it to count as found."""
LEVELS = np.concatenate([np.arange(1, 16), np.arange(16, 240, 4), np.arange(240, 256)]).astype(np.int64)
"""Thresholds, as the least marked value of an 8-bit map: finer towards both ends, where calibrated maps lie."""
SIZES = (0, 100, 1000)
"""Lower bounds of the size classes of defects, training pixels: small, medium, large."""


@dataclass(frozen=True)
class ImageCurve:
    """What one map finds, by threshold; K thresholds.

    Attributes:
        name: Of the image.
        sizes: Pixels of each defect, (D,).
        found: Whether each defect is found, bool (K, D).
        false_components: (K,): groups that touch no defect.
        marked: Whether anything is marked at all, bool (K,).
        ground: Pixels outside the mask.
    """

    name: str
    sizes: NDArray[np.int64]
    found: NDArray[np.bool_]
    false_components: NDArray[np.int64]
    marked: NDArray[np.bool_]
    ground: int

    @property
    def is_clean(self) -> bool:
        """Whether the mask is empty."""
        return not len(self.sizes)


@dataclass(frozen=True)
class Curve:
    """The free-response ROC of a set of images; (K,) each, by ascending threshold.

    Attributes:
        levels: Thresholds, 8-bit.
        found: Share of the defects found.
        found_by_size: The same by size class, (K, 3); NaN where there are none.
        per_megapixel: False components in a million pixels outside the masks.
        marked_defective, marked_clean: Share of the defective, and of the clean images that are marked; NaN where there are none.
    """

    levels: NDArray[np.int64]
    found: NDArray[np.float64]
    found_by_size: NDArray[np.float64]
    per_megapixel: NDArray[np.float64]
    marked_defective: NDArray[np.float64]
    marked_clean: NDArray[np.float64]


def place_of(level: int) -> int:
    """Find an operating point's place on the curve: the first threshold that is not below it.

    Args:
        level: The point, 8-bit.
    """
    return int(np.searchsorted(LEVELS, level).clip(0, len(LEVELS) - 1))


def measure_image(name: str, saliency: NDArray[np.uint8], mask: NDArray[np.uint8], min_area: float) -> ImageCurve:
    """Measure one map at every threshold.

    Args:
        saliency: uint8 (H, W).
        mask: uint8 (H, W), anything but 0 is defect.
        min_area: Smaller groups of marked pixels are no defects, pixels of the image.
    """
    truth = (mask > 0).astype(np.uint8)
    defects, labels = cv2.connectedComponents(truth, connectivity=8)
    sizes = np.bincount(labels.ravel(), minlength=defects)[1:].astype(np.int64)
    found = np.zeros((len(LEVELS), defects - 1), dtype=bool)
    false_components = np.zeros(len(LEVELS), dtype=np.int64)
    marked = np.zeros(len(LEVELS), dtype=bool)
    ground = int((truth == 0).sum())
    counts = np.bincount(saliency.ravel(), minlength=256)
    # Of the mask, its pixels alone are looked at: where they are in what is left of the map, how salient, and of which defect.
    rows, columns = np.nonzero(truth)
    values, owners = saliency[rows, columns], labels[rows, columns]
    for place, level in enumerate(LEVELS):
        if not counts[level:].any():
            break
        if place and not counts[LEVELS[place - 1] : level].any():  # the same pixels as at the threshold before
            found[place], false_components[place], marked[place] = found[place - 1], false_components[place - 1], marked[place - 1]
            continue
        # What is marked lies within what was marked at the threshold before.
        at_least = saliency >= level
        inside = _bounds(at_least)
        saliency, at_least = saliency[inside], at_least[inside]
        above = values >= level
        values, owners = values[above], owners[above]
        rows, columns = rows[above] - inside[0].start, columns[above] - inside[1].start
        count, groups, figures, _ = cv2.connectedComponentsWithStats(at_least.view(np.uint8), connectivity=8)
        large = figures[:, cv2.CC_STAT_AREA] >= min_area
        large[0] = False
        marked[place] = bool(large.any())
        groups_of_defects = groups[rows, columns]
        touching = np.zeros(count, dtype=bool)
        touching[groups_of_defects] = True
        false_components[place] = int((large & ~touching).sum())
        hits = np.bincount(owners[large[groups_of_defects]], minlength=defects)[1:]
        found[place] = hits >= FOUND_SHARE * sizes
    return ImageCurve(name, sizes, found, false_components, marked, ground)


def _bounds(marked: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = np.flatnonzero(marked.any(axis=1)), np.flatnonzero(marked.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def curve_of(images: Sequence[ImageCurve]) -> Curve:
    """Put images together to a curve.

    Raises:
        ValueError: If there are none.
    """
    if not images:
        raise ValueError("expected at least one image, got none")
    found = np.concatenate([image.found for image in images], axis=1)
    sizes = np.concatenate([image.sizes for image in images])
    by_size = [(sizes >= low) & (sizes < high) for low, high in zip(SIZES, (*SIZES[1:], np.inf), strict=True)]
    ground = sum(image.ground for image in images)
    kinds = ([image.marked for image in images if image.is_clean is clean] for clean in (False, True))
    defective, clean = (np.mean(kind, axis=0) if kind else np.full(len(LEVELS), np.nan) for kind in kinds)
    return Curve(
        levels=LEVELS,
        found=_share(found),
        found_by_size=np.stack([_share(found[:, chosen]) for chosen in by_size], axis=1),
        per_megapixel=np.sum([image.false_components for image in images], axis=0) / max(ground, 1) * 1e6,
        marked_defective=defective,
        marked_clean=clean,
    )


def image_figures(images: Sequence[ImageCurve]) -> dict[str, float | None]:
    """Say how well defective images are told from clean ones, by the highest threshold at which anything is marked.

    Returns:
        `image_auroc`, `image_average_precision`, and `false_alarms_at_95` and `_at_99`: the share of clean images marked where 95 % and
        99 % of the defective ones are; None unless there are images of both kinds.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

    keys = ("image_auroc", "image_average_precision", "false_alarms_at_95", "false_alarms_at_99")
    truth = np.array([not image.is_clean for image in images])
    if truth.all() or not truth.any():
        return dict.fromkeys(keys)
    scores = np.array([LEVELS[image.marked].max(initial=0) for image in images])
    false_alarms, recall, _ = roc_curve(truth, scores, drop_intermediate=False)
    at = [float(false_alarms[np.argmax(recall >= least)]) for least in (0.95, 0.99)]
    return dict(zip(keys, (float(roc_auc_score(truth, scores)), float(average_precision_score(truth, scores)), *at), strict=True))


def _share(found: NDArray[np.bool_]) -> NDArray[np.float64]:
    return found.mean(axis=1) if found.shape[1] else np.full(len(found), np.nan)
