"""SLIC superpixels of a grey image (Achanta et al., "SLIC superpixels compared to state-of-the-art superpixel methods", TPAMI 2012).

Written here rather than taken from scikit-image: the maps of the methods are one value a superpixel, so they can be held against published
ones only where the superpixels are those of the authors' tools (no smoothing, lightness 0 to 100, ten rounds, stray pieces joined in the
order in which they are met).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from tsernet.methods.traditional.numbers import Floats, lightness

ROUNDS = 10


@dataclass(frozen=True)
class Superpixels:
    """A partition of an image.

    Attributes:
        labels: (H, W), 0 to `count` - 1.
    """

    labels: NDArray[np.intp]

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return int(self.labels.max()) + 1

    @cached_property
    def sizes(self) -> Floats:
        """Pixels of each, (count,)."""
        return np.bincount(self.labels.ravel()).astype(np.float64)

    def means(self, image: NDArray[np.generic]) -> Floats:
        """Give the mean of an image, (H, W), in each, (count,)."""
        return np.bincount(self.labels.ravel(), image.ravel()) / self.sizes

    @cached_property
    def positions(self) -> Floats:
        """Mean row and column of each, (count, 2), pixels from 0."""
        rows, columns = np.indices(self.labels.shape)
        return np.stack([self.means(rows), self.means(columns)], axis=1)

    def border(self, width: int = 1) -> NDArray[np.intp]:
        """List those that reach into a band of so many pixels along the image's border."""
        labels = self.labels
        return np.unique(
            np.concatenate([part.ravel() for part in (labels[:width], labels[-width:], labels[:, :width], labels[:, -width:])])
        )

    def adjacency(self, diagonal: bool) -> NDArray[np.bool_]:
        """Say which pairs touch, (count, count), none itself.

        Args:
            diagonal: Whether a corner is enough.
        """
        labels = self.labels
        pairs = [(labels[:-1], labels[1:]), (labels[:, :-1], labels[:, 1:])]
        if diagonal:
            pairs += [(labels[:-1, :-1], labels[1:, 1:]), (labels[1:, :-1], labels[:-1, 1:])]
        touch = np.zeros((self.count, self.count), dtype=np.bool_)
        for first, second in pairs:
            touch[first.ravel(), second.ravel()] = True
        touch |= touch.T
        np.fill_diagonal(touch, False)
        return touch

    def paint(self, values: Floats) -> Floats:
        """Give each pixel its superpixel's value, (H, W)."""
        painted: Floats = values[self.labels]
        return painted


def slic(image: NDArray[np.uint8], count: float, compactness: float = 20.0) -> Superpixels:
    """Cut a grey image into superpixels.

    Args:
        image: (H, W).
        count: About how many, above 0.
        compactness: How much the distance in pixels counts against that in lightness, at one step of the grid.
    """
    light = lightness(image.astype(np.float64))
    step = max(1, int(np.sqrt(int(0.5 + image.size / count)) + 0.5))
    rows, columns = (_seeds(side, step) for side in image.shape)
    centres = np.stack([part.ravel() for part in np.meshgrid(rows, columns, indexing="ij")], axis=1).astype(np.float64)
    lights = light[centres[:, 0].astype(int), centres[:, 1].astype(int)]
    # Until a centre comes near it, a pixel belongs to its cell of the grid.
    cells = [np.abs(np.arange(side)[:, None] - seeds).argmin(axis=1) for side, seeds in zip(image.shape, (rows, columns), strict=True)]
    labels = cells[0][:, None] * len(columns) + cells[1]
    weight = (compactness / step) ** 2
    for _ in range(ROUNDS):
        labels = _assign(light, labels, centres, lights, step, weight)
        sizes = np.maximum(np.bincount(labels.ravel(), minlength=len(centres)), 1)
        sums = (np.bincount(labels.ravel(), part.ravel(), len(centres)) for part in (light, *np.indices(image.shape)))
        lights, *moved = (total / sizes for total in sums)
        centres = np.stack(moved, axis=1)
    return Superpixels(_joined(labels, step * step // 4))


def _seeds(side: int, step: int) -> NDArray[np.intp]:
    """Place seeds along a side: one each step, and what is left over spread between them."""
    strips = int(0.5 + side / step)
    if strips * step > side:
        strips -= 1
    strips = max(1, strips)
    left = max(0, side - strips * step) / strips
    places: NDArray[np.intp] = np.arange(strips) * step + step // 2 + (np.arange(strips) * left).astype(np.intp)
    return np.asarray(np.minimum(places, side - 1))


def _assign(light: Floats, labels: NDArray[np.intp], centres: Floats, lights: Floats, step: int, weight: float) -> NDArray[np.intp]:
    """Give each pixel to the nearest centre whose window it is in; one that is in none keeps its own."""
    labels = labels.copy()
    nearest = np.full(light.shape, np.inf)
    rows, columns = (np.arange(side, dtype=np.float64) for side in light.shape)
    for number, ((row, column), value) in enumerate(zip(centres, lights, strict=True)):
        top, left = max(0, int(row - step)), max(0, int(column - step))
        window = np.s_[top : int(np.ceil(row + step)), left : int(np.ceil(column + step))]
        away = (rows[window[0], None] - row) ** 2 + (columns[window[1]] - column) ** 2
        distance = (light[window] - value) ** 2 + weight * away
        nearer = distance < nearest[window]
        nearest[window][nearer] = distance[nearer]
        labels[window][nearer] = number
    return labels


def _joined(labels: NDArray[np.intp], stray: int) -> NDArray[np.intp]:
    """Make every superpixel one piece: pieces of at most `stray` pixels go to a neighbour that was met before them, in reading order."""
    height, width = labels.shape
    numbers = np.arange(labels.size).reshape(labels.shape)
    down, right = labels[:-1] == labels[1:], labels[:, :-1] == labels[:, 1:]
    first = np.concatenate([numbers[:-1][down], numbers[:, :-1][right]])
    second = np.concatenate([numbers[1:][down], numbers[:, 1:][right]])
    links = sparse.coo_matrix((np.ones(len(first)), (first, second)), shape=(labels.size, labels.size))
    _, piece_of = connected_components(links, directed=False)
    pieces, starts, sizes = np.unique(piece_of, return_index=True, return_counts=True)
    final = np.full(len(pieces), -1, dtype=np.intp)
    count = 0
    for piece in np.argsort(starts):
        row, column = divmod(int(starts[piece]), width)
        near = [(row, column - 1), (row - 1, column), (row, column + 1), (row + 1, column)]
        met = [final[piece_of[y * width + x]] for y, x in near if 0 <= y < height and 0 <= x < width]
        met = [label for label in met if label >= 0]
        if sizes[piece] <= stray and met:
            final[piece] = met[-1]
        else:
            final[piece] = count
            count += 1
    return final[piece_of].reshape(labels.shape)
