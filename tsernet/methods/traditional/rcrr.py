"""RCRR: reversion correction and regularised random walk ranking.

Yuan, Li, Kim, Cai, Feng, "Reversion correction and regularized random walks ranking for saliency detection", TIP 2018: manifold ranking by
the four sides of the image and by what they leave, the correction of maps that are reversed, and a random walk over the pixels that is held
to that estimate. What the text leaves open is set as in the authors' release: 200 superpixels, theta 10, alpha 0.99, beta 90; a map is
reversed where more than half of the border superpixels' pixels are of the brighter of two clusters, and the sides' dark superpixels are
then left out; seeds stand at their superpixels' middles.

Deviations: no frame around the image is looked for; a grey image has no colour, so distances are those in lightness.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import cg

from tsernet.methods.traditional.clusters import split_in_two
from tsernet.methods.traditional.graph import differences, ranking_matrix, with_border, with_second
from tsernet.methods.traditional.numbers import Floats, lightness, stretched
from tsernet.methods.traditional.superpixels import Superpixels, slic

Kind = TypeVar("Kind", np.intp, np.bool_)

SUPERPIXELS = 200
THETA = 10.0
"""How fast links fade with the difference in lightness."""
ALPHA = 0.99
BETA = 90.0
"""The same, between pixels."""
REVERSED = 0.5
"""Share of the border's pixels above which, when they come out bright, the map counts as reversed."""


def saliency(image: NDArray[np.uint8]) -> Floats:
    """Compute the map, (H, W), 0 to 1, of a grey image, (H, W)."""
    parts = slic(image, SUPERPIXELS)
    distances = differences(lightness(parts.means(image)))
    links = with_second(with_border(parts.adjacency(diagonal=True), parts.border()))
    if parts.count < 3 or not distances[links].max() > 0:
        return np.zeros(image.shape)
    weights = np.zeros_like(distances)
    weights[links] = np.exp(-THETA * stretched(distances[links]))
    ranking = ranking_matrix(weights, ALPHA)
    np.fill_diagonal(ranking, 0)
    sides = [np.unique(side) for side in _sides(parts.labels)]
    estimate = _ranked(ranking, sides)
    corrected = _without_object(parts, sides, estimate)
    if corrected is not None:
        estimate = _ranked(ranking, corrected)
    if not estimate.any():
        return np.zeros(image.shape)
    return _walked(image, parts, estimate)


def _sides(pixels: NDArray[Kind]) -> list[NDArray[Kind]]:
    return [pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]


def _ranked(ranking: Floats, sides: list[NDArray[np.intp]]) -> Floats:
    """Rank by what is unlike each side of the image, then by likeness to what stands out there; a side without superpixels says nothing."""
    unlike = np.ones(len(ranking))
    for side in sides:
        if len(side):
            unlike *= 1 - stretched(ranking[:, side].sum(axis=1))
    unlike = stretched(unlike)
    return stretched(ranking @ (unlike >= unlike.mean()))


def _without_object(parts: Superpixels, sides: list[NDArray[np.intp]], estimate: Floats) -> list[NDArray[np.intp]] | None:
    """Leave out the sides' superpixels that came out dark where most of the border came out bright; None where it did not."""
    bright = parts.paint(split_in_two(np.floor(estimate * 255 + 0.5), parts.sizes).astype(np.float64)) > 0
    border = np.isin(parts.labels, np.concatenate(sides))
    if bright[border].mean() <= REVERSED:
        return None
    dark = [np.unique(labels[~lit]) for labels, lit in zip(_sides(parts.labels), _sides(bright), strict=True)]
    return [np.setdiff1d(side, out) for side, out in zip(sides, dark, strict=True)]


def _walked(image: NDArray[np.uint8], parts: Superpixels, estimate: Floats) -> Floats:
    """Walk at random over the pixels between seeds of both kinds, held to the estimate: one linear system."""
    mean = estimate.mean()
    sure = (estimate >= (mean + estimate.max()) / 2) | (estimate < mean)
    rows, columns = np.floor(parts.positions[sure] + 0.5).astype(np.intp).T
    seeds, first = np.unique(columns * image.shape[0] + rows, return_index=True)
    seeds = rows[first] * image.shape[1] + columns[first]
    known = (estimate[sure][first] >= mean).astype(np.float64)
    free = np.setdiff1d(np.arange(image.size), seeds)
    held = (1 - ALPHA) / ALPHA
    inner = _pixel_laplacian(image)[free]
    right = held * parts.paint(estimate).ravel()[free] - inner[:, seeds] @ known
    map_ = np.empty(image.size)
    map_[seeds] = known
    system = sparse.csr_array(inner[:, free] + held * sparse.eye_array(len(free)))
    # Its diagonal is by far the largest of each row: a hundred rounds reach what a factorisation gives, in an eighth of the time.
    map_[free], left = cg(system, right, rtol=1e-8, maxiter=5000, M=sparse.diags_array(1 / system.diagonal()))
    if left:
        raise ArithmeticError(f"RCRR's system of {len(free)} pixels is not solved after {left} rounds")
    return np.clip(map_, 0, 1).reshape(image.shape)


def _pixel_laplacian(image: NDArray[np.uint8]) -> sparse.csr_array:
    """Give the Laplacian of the grid of pixels, its links weighted by likeness."""
    numbers = np.arange(image.size).reshape(image.shape)
    values = image.astype(np.float64)
    first = np.concatenate([numbers[:-1].ravel(), numbers[:, :-1].ravel()])
    second = np.concatenate([numbers[1:].ravel(), numbers[:, 1:].ravel()])
    weights = np.exp(-BETA * stretched(np.abs(values.ravel()[first] - values.ravel()[second])))
    one_way = sparse.coo_array((weights, (first, second)), shape=(image.size, image.size))
    links = (one_way + one_way.T).tocsr()
    return sparse.csr_array(sparse.diags_array(links.sum(axis=1)) - links)
