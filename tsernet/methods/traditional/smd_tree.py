"""SMD's index tree: superpixels merged at several scales (Felzenszwalb, Huttenlocher, "Efficient graph-based image segmentation", 2004)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsernet.methods.traditional.numbers import Floats

SCALES = (300.0, 600.0, 2000.0)
SMALLEST = 300
"""Pixels of a group; a smaller one is merged whatever it differs by."""


class _Groups:
    """Disjoint groups of superpixels, each with its pixels."""

    def __init__(self, sizes: Floats) -> None:
        self.parents = list(range(len(sizes)))
        self.sizes = sizes.tolist()

    def of(self, number: int) -> int:
        while self.parents[number] != number:
            self.parents[number] = self.parents[self.parents[number]]
            number = self.parents[number]
        return number

    def join(self, first: int, second: int) -> int:
        self.parents[second] = first
        self.sizes[first] += self.sizes[second]
        return first


def index_tree(links: NDArray[np.bool_], unlike: Floats, sizes: Floats) -> list[NDArray[np.intp]]:
    """Group superpixels, a level finest first: each alone, then merged at each scale.

    Args:
        links: Which may be merged, (count, count).
        unlike: By how much two differ, 0 to 1.
        sizes: Pixels of each.
    Returns:
        Of each level the number of each superpixel's group.
    """
    first, second = np.nonzero(np.tril(links, -1))
    order = np.argsort(unlike[first, second], kind="stable")
    edges = list(zip(first[order].tolist(), second[order].tolist(), unlike[first, second][order].tolist(), strict=True))
    levels = [np.arange(len(sizes))]
    for scale in SCALES:
        groups = _merged(edges, sizes, scale)
        levels.append(np.unique([groups.of(number) for number in range(len(sizes))], return_inverse=True)[1])
    return levels


def _merged(edges: list[tuple[int, int, float]], sizes: Floats, scale: float) -> _Groups:
    """Merge groups that differ by no more than they differ within themselves; small ones are given leave."""
    groups = _Groups(sizes)
    leave = (scale / sizes).tolist()
    for first, second, weight in edges:
        one, other = groups.of(first), groups.of(second)
        if one != other and weight <= min(leave[one], leave[other]):
            joined = groups.join(one, other)
            leave[joined] = weight + scale / groups.sizes[joined]
    for first, second, _ in edges:
        one, other = groups.of(first), groups.of(second)
        if one != other and min(groups.sizes[one], groups.sizes[other]) < SMALLEST:
            groups.join(one, other)
    return groups
