"""Failure cases, found by rule: the three types of the paper's Fig. 9, and the worst.

Source: Han et al., TIM 2022, section IV-D: labels that are a bit inaccurate, close defects that are not told apart, tiny defects missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tsernet.metrics.measures import Grey

TINY = 0.005
BAND = 3.0
_FOUND_AT = 128
_MISSED_BELOW = 0.1
_SURE = 0.5
_BORDER_ALONE = 0.99
_EIGHT = np.ones((3, 3), dtype=bool)

Truth = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Failure:
    """An image that breaks a rule.

    `severity` orders the cases of a kind, worst first; `words` says what is wrong in it.
    """

    kind: str
    name: str
    severity: float
    s_measure: float
    iou: float
    words: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A rule, and what a reader should know of it."""

    key: str
    title: str
    rule: str


KINDS = (
    Kind("worst", "Worst by S-measure", "The images with the lowest S-measure."),
    Kind("tiny_missed", "Tiny defects missed", "A defect that covers at most 0.5 % of the image, under a tenth of whose pixels is found."),
    Kind("merged", "Neighbours merged", "One found region covers two or more defects, and fewer regions are found than the mask holds."),
    Kind(
        "border_only",
        "Disagreement along the border only: possible label errors",
        "At least 99 % of the pixels on which map and mask differ lie within 3 pixels of the mask's border, and the map is sure of them.",
    ),
)


def find_failures(
    names: Sequence[str],
    s_measure: Sequence[float],
    iou: Sequence[float],
    masks: Callable[[str], Grey],
    maps: Callable[[str], Grey],
    worst: int,
) -> list[Failure]:
    """Apply every rule to every image.

    Args:
        names: The images.
        s_measure: Their S-measure, for the record and the rule `worst`.
        iou: Their IoU at 0.5.
        masks: Reads a mask by name: uint8, (H, W), above 128 is defect.
        maps: Reads a map by name: uint8, (H, W); found from 128 upwards.
        worst: How many images the rule `worst` takes.
    Returns:
        By kind, in the order of `KINDS`, and the worst first.
    """
    found: list[Failure] = []
    by_score = sorted(range(len(names)), key=lambda place: (s_measure[place], names[place]))
    for place in by_score[:worst]:
        s, overlap = s_measure[place], iou[place]
        found.append(Failure("worst", names[place], 1 - s, s, overlap, f"S {s:.3f}, IoU {overlap:.3f}"))
    for place, name in enumerate(names):
        truth, saliency = masks(name) > 128, maps(name)
        for kind, rule in _RULES.items():
            severity, words = rule(truth, saliency)
            if severity > 0:
                found.append(Failure(kind, name, severity, s_measure[place], iou[place], words))
    order = {kind.key: place for place, kind in enumerate(KINDS)}
    return sorted(found, key=lambda failure: (order[failure.kind], -failure.severity, failure.name))


def tiny_missed(truth: Truth, saliency: Grey) -> tuple[float, str]:
    """Count the tiny defects that the map misses.

    Returns:
        How many, and the words for them; 0 where the rule holds.
    """
    labels, count = ndimage.label(truth, _EIGHT)
    if not count:
        return 0.0, ""
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    hits = np.bincount(labels[saliency >= _FOUND_AT].ravel(), minlength=count + 1)[1:]
    tiny = sizes <= TINY * truth.size
    missed = tiny & (hits < _MISSED_BELOW * sizes)
    largest = int(sizes[missed].max()) if missed.any() else 0
    return float(missed.sum()), f"{missed.sum()} of {tiny.sum()} tiny defects missed, the largest of {largest} pixels"


def merged(truth: Truth, saliency: Grey) -> tuple[float, str]:
    """Count the defects that one found region joins.

    Returns:
        How many regions fewer were found than the mask holds, where a found region covers two or more defects; else 0.
    """
    defects, in_mask = ndimage.label(truth, _EIGHT)
    regions, in_map = ndimage.label(saliency >= _FOUND_AT, _EIGHT)
    both = (defects > 0) & (regions > 0)
    pairs = np.unique(np.stack([regions[both], defects[both]]), axis=1)
    joins = pairs.shape[1] > 0 and np.bincount(pairs[0]).max() >= 2
    fewer = in_mask - in_map if joins else 0
    return float(max(fewer, 0)), f"{in_mask} defects in the mask, {in_map} region{'s' if in_map != 1 else ''} in the map"


def border_only(truth: Truth, saliency: Grey) -> tuple[float, str]:
    """Measure a disagreement that hugs the mask's border and of which the map is sure.

    A model that is unsure draws soft borders; one that is sure, and differs from the mask by a thin rim, may know better than the label.

    Returns:
        The differing pixels for each pixel of the mask's border; 0 where they lie elsewhere too, or the map is unsure of them.
    """
    if truth.all() or not truth.any():
        return 0.0, ""
    differing = truth != (saliency >= _FOUND_AT)
    count = int(differing.sum())
    inside = np.asarray(ndimage.distance_transform_edt(truth))
    outside = np.asarray(ndimage.distance_transform_edt(~truth))
    near = np.maximum(inside, outside) <= BAND
    border = int((inside == 1).sum())
    if not count or (differing & near).sum() < _BORDER_ALONE * count:
        return 0.0, ""
    sureness = float(np.abs(saliency[differing] / 255 - 0.5).mean() * 2)
    if sureness < _SURE:
        return 0.0, ""
    return count / border, f"{count} pixels differ along a border of {border}, the map is {100 * sureness:.0f} % sure of them"


_RULES: dict[str, Callable[[Truth, Grey], tuple[float, str]]] = {"tiny_missed": tiny_missed, "merged": merged, "border_only": border_only}
