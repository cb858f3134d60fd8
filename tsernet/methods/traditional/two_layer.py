"""2LSG: a diffusion process on a two-layer sparse graph.

Zhou, Yang, Zhou, Hu, "Salient region detection using diffusion process on a two-layer sparse graph", TIP 2017: the graph of neighbours,
of the border, and of each superpixel's most alike one of the second ring; likeness to clusters of colours, diffused over it; the clusters'
compactness and distance from the border; the maps from foreground and background, joined. What the text leaves open is set as in the
authors' release: 200 superpixels, 36 clusters, theta 10, alpha 0.99, 0.6 of the foreground's map and 0.4 of the background's.

Deviations: k-means starts from quantiles, not from superpixels drawn at random; no frame around the image is looked for; a grey image has
no colour, so distances are those in lightness.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsernet.methods.traditional.clusters import k_means
from tsernet.methods.traditional.graph import Links, differences, ranking_matrix, with_border
from tsernet.methods.traditional.numbers import Floats, lightness, stretched
from tsernet.methods.traditional.superpixels import Superpixels, slic

SUPERPIXELS = 200
CLUSTERS = 36
THETA = 10.0
ALPHA = 0.99
FOREGROUND = 0.6
"""What its map counts; the background's counts the rest."""


def saliency(image: NDArray[np.uint8]) -> Floats:
    """Compute the map, (H, W), 0 to 1, of a grey image, (H, W)."""
    parts = slic(image, SUPERPIXELS)
    colours = lightness(parts.means(image))
    if parts.count < 3 or not np.ptp(colours) > 1e-9:
        return np.zeros(image.shape)
    near = parts.adjacency(diagonal=True)
    links, likeness = with_border(near, parts.border()), np.exp(-THETA * stretched(differences(colours)))
    diffused = ranking_matrix(likeness * _two_layers(near, links, likeness), ALPHA)

    centres = k_means(colours, CLUSTERS)
    to_centre = np.exp(-THETA * _by_column(np.abs(colours[:, None] - centres)))  # (superpixels, clusters)
    spread = _spread(parts, stretched(diffused @ to_centre) * parts.sizes[:, None])
    compact = 1 - stretched(np.minimum(spread, spread.mean()))

    # A cluster of the border that is compact may be an object that the border cuts: only wide-spread ones are background.
    unlike = np.ones(parts.count)
    for cluster in np.flatnonzero(compact == 0):
        unlike *= 1 - stretched(to_centre[:, cluster])
    from_background = stretched(diffused @ stretched(unlike))

    from_foreground = stretched(diffused @ stretched(to_centre @ compact))
    from_foreground = stretched(_smoothing(likeness, links) @ from_foreground)
    return parts.paint(stretched(FOREGROUND * from_foreground + (1 - FOREGROUND) * from_background))


def _two_layers(near: Links, links: Links, likeness: Floats) -> Links:
    """Link each superpixel to the most alike of its neighbours' neighbours too, and to itself where it has none."""
    steps = near.astype(np.float64)
    second = (steps @ steps > 0) & ~near
    np.fill_diagonal(second, False)
    likest = np.where(second, likeness, 0).argmax(axis=1)
    both = links.copy()
    both[np.arange(len(both)), likest] = both[likest, np.arange(len(both))] = True
    return both


def _by_column(distances: Floats) -> Floats:
    return np.stack([stretched(column) for column in distances.T], axis=1)


def _spread(parts: Superpixels, mass: Floats) -> Floats:
    """Say how far each cluster lies from its own middle, and how near to the border: pixels, summed."""
    share = mass / np.maximum(mass.sum(axis=0), 1e-300)
    middles = share.T @ parts.positions  # (clusters, 2)
    away = np.sqrt(((parts.positions[:, None] - middles) ** 2).sum(axis=2))
    height, width = parts.labels.shape
    rows, columns = parts.positions.T
    inside = np.minimum.reduce([rows, columns, height - 1 - rows, width - 1 - columns])
    spread: Floats = (share * (away + (inside.max() - inside)[:, None])).sum(axis=0)
    return spread


def _smoothing(likeness: Floats, links: Links) -> Floats:
    """Average over neighbours that are alike, those that are like their own counting more."""
    weights = likeness * links
    own = weights.sum(axis=1) / links.sum(axis=1)
    weights = weights * own / (own[:, None] + 1e-6)
    smoothing: Floats = weights / (weights.sum(axis=1, keepdims=True) + 1e-6)
    return smoothing
