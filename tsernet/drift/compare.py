"""Two samples column by column, with a known chance of a false alarm over all columns together.

Reference and window are thrown together and dealt anew, thousands of times (a permutation test): if both are of one kind, the window as it
came is a deal like any other. Each deal is judged by the column that differs most, so that the chance that any column at all reaches the
limit is the one that was asked for, however many columns there are, however they hang together, and however often a value repeats
(Westfall and Young, Resampling-Based Multiple Testing, 1993, single-step maxT).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
_DEALS_AT_ONCE = 250


@dataclass(frozen=True)
class Compared:
    """One column of a window beside the reference's.

    Attributes:
        key: Of the column.
        distance: The largest distance between the two cumulative distributions, in [0, 1] (Kolmogorov and Smirnov).
        limit: From which distance on the column has moved.
        chance: Of a window of the reference's kind to show such a column or a stranger one in any place; corrected for the columns.
        moved: Whether the chance is at most the rate.
    """

    key: str
    distance: float
    limit: float
    chance: float
    moved: bool


def compare(reference: Mapping[str, Values], window: Mapping[str, Values], rate: float, *, deals: int = 0, seed: int = 0) -> list[Compared]:
    """Compare a window with a reference.

    Args:
        reference: Columns by key, (M,) each.
        window: The same columns, (N,) each.
        rate: The chance of a false alarm over all columns together, in (0, 0.5].
        deals: How many; 0 for enough that ten of them lie beyond the rate.
        seed: Of the deals: the same samples always give the same answer.
    Returns:
        One for each column, in the reference's order. A column of one value throughout has not moved.
    Raises:
        ValueError: If the columns differ, or a sample has no value, or the rate is out of bounds.
    """
    if list(reference) != list(window):
        raise ValueError(f"the window has the columns {list(window)}, expected {list(reference)}")
    if not 0 < rate <= 0.5:
        raise ValueError(f"rate must be in (0, 0.5], got {rate}")
    drawn, known = (np.stack([sample[key] for key in reference]).astype(np.float64) for sample in (window, reference))
    if not drawn.size or not known.size or not (np.isfinite(drawn).all() and np.isfinite(known).all()):
        raise ValueError(f"each column needs finite values, got {known.shape[1]} and {drawn.shape[1]} images")
    from scipy.stats import permutation_test

    distances = _Distances(np.concatenate([drawn, known], axis=1), drawn.shape[1])
    found = permutation_test(
        (distances.labels,),
        distances,
        permutation_type="pairings",
        alternative="greater",
        n_resamples=deals or int(np.ceil(10 / rate)) - 1,
        batch=_DEALS_AT_ONCE,
        vectorized=True,
        rng=np.random.default_rng(seed),
    )
    return _judged(list(reference), found.statistic, found.null_distribution, rate)


class _Distances:
    """The distance of each column for any deal; the values stay sorted as they are, only who has which changes."""

    def __init__(self, values: Values, drawn: int) -> None:
        columns, total = values.shape
        self.labels = np.zeros(total, dtype=np.int32)
        self.labels[:drawn] = 1
        self._drawn, self._others = drawn, total - drawn
        self._order = np.argsort(values, axis=1, kind="stable")
        ordered = np.take_along_axis(values, self._order, axis=1)
        # Between equal values the distributions are not defined: only the last of each counts.
        self._ends = [np.append(np.flatnonzero(np.diff(ordered[column])), total - 1) for column in range(columns)]

    def __call__(self, labels: NDArray[np.int32], axis: int = -1) -> Values:
        """Give the distances, (…, columns), of deals (…, images)."""
        found = np.empty((*labels.shape[:-1], len(self._ends)))
        for column, ends in enumerate(self._ends):
            below = np.cumsum(labels[..., self._order[column]], axis=axis, dtype=np.int32)[..., ends]
            found[..., column] = np.abs(below * (1 / self._drawn + 1 / self._others) - (ends + 1) / self._others).max(axis=axis)
        return found


def _judged(keys: list[str], seen: Values, deals: Values, rate: float) -> list[Compared]:
    everything = np.vstack([deals, seen])
    centre, spread = everything.mean(axis=0), everything.std(axis=0)
    # A column with many equal values varies less from deal to deal: in units of its own variation all count alike.
    varies = spread > 1e-12
    unit = np.where(varies, spread, 1.0)
    strangest = np.where(varies, (everything - centre) / unit, -np.inf).max(axis=1)
    # The window itself is one of the deals; so many of the strangest may lie at or beyond the limit.
    beyond = int(np.floor(rate * len(strangest)))
    bound = np.sort(strangest)[-beyond] if beyond else np.inf
    result = []
    for column, key in enumerate(keys):
        own = (seen[column] - centre[column]) / unit[column] if varies[column] else -np.inf
        chance = float((strangest >= own - 1e-9).mean()) if varies[column] else 1.0
        result.append(Compared(key, float(seen[column]), float(centre[column] + bound * unit[column]), chance, chance <= rate))
    return result
