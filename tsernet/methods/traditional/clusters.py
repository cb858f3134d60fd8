"""k-means of single values. Nothing is drawn at random, so that a map is the same each time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsernet.methods.traditional.numbers import Floats

ROUNDS = 200


def k_means(values: Floats, count: int) -> Floats:
    """Give the centres of at most so many clusters, ascending, starting from the values' quantiles.

    As many start where there are many values, as a random draw of them would have it.
    """
    starts = np.quantile(values, (np.arange(count) + 0.5) / count, method="nearest")
    return _settled(values, np.ones_like(values), np.unique(starts))


def nearest_centre(values: Floats, centres: Floats) -> NDArray[np.intp]:
    """Number the centre that is nearest to each value, the lower of two."""
    return np.asarray(np.abs(values[:, None] - centres).argmin(axis=1))


def split_in_two(values: Floats, counts: Floats) -> NDArray[np.bool_]:
    """Say which values are of the upper of two clusters, each counted so many times, starting from a third and two thirds."""
    least, most = values.min(), values.max()
    centres = _settled(values, counts, least - 1 + (most - least + 1) * np.array([1, 2]) / 3)
    return nearest_centre(values, centres) > 0


def _settled(values: Floats, counts: Floats, centres: Floats) -> Floats:
    for _ in range(ROUNDS):
        nearest = nearest_centre(values, centres)
        mass = np.bincount(nearest, counts, len(centres))
        moved = np.where(mass > 0, np.bincount(nearest, counts * values, len(centres)) / np.maximum(mass, 1e-12), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    return centres
