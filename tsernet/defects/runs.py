"""Marked pixels as runs along the rows: what a strip with few defects needs little memory for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


@dataclass(frozen=True)
class Runs:
    """Runs of marked pixels, sorted by row and column; all (N,).

    Attributes:
        row: Of the image, from 0.
        begin, end: Columns, the end not included.
        total: Sum of the saliency over the run.
        peak: Its largest saliency.
    """

    row: NDArray[np.int64]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    total: NDArray[np.float64]
    peak: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.row)

    def below(self, rows: int) -> Runs:
        """Move the runs down by a number of rows."""
        return Runs(self.row + rows, self.begin, self.end, self.total, self.peak)

    def take(self, chosen: NDArray[Any]) -> Runs:
        """Keep some of the runs, by a mask or by their places in ascending order."""
        return Runs(*(getattr(self, field.name)[chosen] for field in fields(self)))

    @classmethod
    def join(cls, parts: Sequence[Runs]) -> Runs:
        """Put runs of rows that follow one another together."""
        if not parts:
            none = np.zeros(0, dtype=np.int64)
            return cls(none, none, none, np.zeros(0), np.zeros(0, dtype=np.float32))
        return cls(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)))


def runs_of_rows(saliency: NDArray[np.float32], threshold: float, top: int = 0) -> Runs:
    """Find the runs of pixels at or above a threshold.

    Args:
        saliency: Rows of a map, float32 (H, W) in [0, 1].
        threshold: In [0, 1].
        top: Number of the first row.
    """
    marked = saliency >= np.float32(threshold)
    edges = np.diff(np.pad(marked, ((0, 0), (1, 1))).view(np.int8), axis=1)
    row, begin = np.nonzero(edges == 1)
    _, end = np.nonzero(edges == -1)
    if not len(row):
        return Runs.join([])
    width = saliency.shape[1]
    flat = saliency.ravel()
    # Run after gap after run: of `reduceat`'s sums every second one is a run's. The last may end with the map.
    bounds = np.stack([row * width + begin, row * width + end], axis=1).ravel()
    bounds = bounds[:-1] if bounds[-1] == flat.size else bounds
    total = np.add.reduceat(flat, bounds, dtype=np.float64)[::2]
    peak = np.maximum.reduceat(flat, bounds)[::2]
    return Runs(row.astype(np.int64) + top, begin.astype(np.int64), end.astype(np.int64), total, peak)


def label_runs(runs: Runs) -> tuple[NDArray[np.int64], int]:
    """Number the 8-connected groups of runs in the order of their first pixels.

    Returns:
        The group of each run, from 0, (N,); and how many there are.
    """
    count = len(runs)
    if not count:
        return np.zeros(0, dtype=np.int64), 0
    wide = int(runs.end.max()) + 2
    key_begin, key_end = runs.row * wide + runs.begin, runs.row * wide + runs.end
    # Of the row above, those that end at or after this one's beginning, and begin at or before its end: corners touch.
    first = np.searchsorted(key_end, key_begin - wide, side="left")
    last = np.searchsorted(key_begin, key_end - wide, side="right")
    met = np.maximum(last - first, 0)
    here = np.repeat(np.arange(count), met)
    there = np.arange(int(met.sum())) - np.repeat(np.cumsum(met) - met, met) + np.repeat(first, met)
    pairs = coo_matrix((np.ones(len(here), dtype=np.int8), (here, there)), shape=(count, count))
    number, labels = connected_components(pairs, directed=False)
    # connected_components numbers as it pleases; a defect's number goes by its first pixel.
    _, order = np.unique(labels, return_index=True)
    rank = np.empty(number, dtype=np.int64)
    rank[np.argsort(order)] = np.arange(number)
    return rank[labels], int(number)
