"""The defects of an image, or of frames that follow one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsernet.defects.measure import Defect, measure
from tsernet.defects.runs import Runs, label_runs


@dataclass(frozen=True)
class Found:
    """A defect, and the numbers of the frames that it lies in, ascending; its rows count from the first of these frames' top."""

    defect: Defect
    frames: tuple[int, ...]


def large_enough(runs: Runs, min_area: float) -> Runs:
    """Take the runs of connected groups that have at least `min_area` pixels, in their order."""
    labels, count = label_runs(runs)
    areas = _areas(runs, labels, count)
    return runs.take(areas[labels] >= min_area)


def find_defects(runs: Runs, heights: Sequence[int], width: int, min_area: float = 1.0) -> list[Found]:
    """Find the defects of frames that follow one another without a gap, the first one's top first; a single image is one frame.

    Args:
        runs: Of all frames; rows count from the first one's top.
        heights: Of the frames, pixels.
        width: Of the frames, pixels.
        min_area: Smaller groups are no defects; pixels of the image.
    Returns:
        In the order of their first pixels.
    """
    tops = np.cumsum([0, *heights])
    labels, count = label_runs(runs)
    areas = _areas(runs, labels, count)
    order = np.argsort(labels, kind="stable")
    bounds = np.searchsorted(labels[order], np.arange(count + 1))
    found = []
    for label in np.flatnonzero(areas >= min_area):
        own = runs.take(order[bounds[label] : bounds[label + 1]])
        inside = np.unique(np.searchsorted(tops, own.row, side="right") - 1)
        first = int(inside[0])
        found.append(Found(measure(own.below(-int(tops[first])), width), tuple(int(one) for one in inside)))
    return found


def _areas(runs: Runs, labels: NDArray[np.int64], count: int) -> NDArray[Any]:
    """Count the pixels of each group."""
    return np.bincount(labels, weights=(runs.end - runs.begin).astype(np.float64), minlength=count)
