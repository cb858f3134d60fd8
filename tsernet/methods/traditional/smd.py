"""SMD: structured matrix decomposition.

Peng, Li, Ling, Hu, Xiong, Maybank, "Salient object detection via structured matrix decomposition", TPAMI 2017: the features of superpixels
are a matrix of low rank, the background, and one that is sparse by the groups of an index tree, the object; priors of centre and background
weigh both groups and features; the map is refined as in BC and drawn together within clusters of colour. What the text leaves open is set
as in the authors' release: 250 superpixels, alpha 1.1, beta 0.35, delta 0.05, the gamma of its lightness, and over the result a Gaussian
about the object, of 0.55 of the image's sides.

Deviations: the prior of warm colours is left out, which is the same for all greys; k-means starts from quantiles; the pyramid's filters are
computed, not read from a table (`smd_features`); no frame around the image is looked for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsernet.methods.traditional.bc import boundary_connectivity, optimised
from tsernet.methods.traditional.clusters import k_means, nearest_centre
from tsernet.methods.traditional.graph import Links, differences, geodesic_distances, with_border, with_second
from tsernet.methods.traditional.numbers import Floats, otsu_threshold, stretched
from tsernet.methods.traditional.smd_features import features
from tsernet.methods.traditional.smd_solver import decompose
from tsernet.methods.traditional.smd_tree import index_tree
from tsernet.methods.traditional.superpixels import Superpixels, slic

SUPERPIXELS = 250
BAND = 8
"""Width of the border band, pixels."""
DELTA = 0.05
"""How slowly links fade with the difference in lightness."""
CLUSTERS = 15


def saliency(image: NDArray[np.uint8]) -> Floats:
    """Compute the map, (H, W), 0 to 1, of a grey image, (H, W)."""
    parts = slic(image, SUPERPIXELS)
    colours = _bright(parts.means(image))
    if parts.count < 3 or not np.ptp(colours) > 1e-9:
        return np.zeros(image.shape)
    near, border, colour = parts.adjacency(diagonal=False), parts.border(BAND), differences(colours)
    second = with_second(near)
    tree = index_tree(second, 1 - _likeness(second, colour), parts.sizes)

    connectivity = stretched(_connectivity(near, border, colour))
    centred = np.exp(-((parts.positions / image.shape - 0.5) ** 2).sum(axis=1) / (2 * 0.25**2))
    foreground = np.exp(-(connectivity**2) / (2 * 0.3**2))
    prior = stretched(centred * foreground)
    weights = [1 - _group_maximum(prior, groups) for groups in tree]

    joined = with_border(second, border)
    likeness = _likeness(joined, colour)
    laplacian = np.diag(likeness.sum(axis=1)) - likeness
    low, sparse = decompose((features(image, parts) * prior[:, None]).T, laplacian, tree, weights)
    first = stretched(np.abs(sparse).sum(axis=0))
    background = 0.1 * (1 - stretched(np.abs(low).sum(axis=0))) + 0.9 * (1 - stretched(foreground))
    background[connectivity > 0.8] = 1000
    refined = _refined(first, 1.5 * background, likeness + 0.1 * near)
    return _centred_on_object(parts, stretched(_spread_in_clusters(refined, colours)))


def _bright(grey: Floats) -> Floats:
    """Give the release's lightness of a mean grey: its gamma is that of the ITU's BT.709, of values that go up to 255."""
    return np.asarray(116 * np.cbrt(((grey + 0.099) / 1.099) ** 2.222) - 16)


def _likeness(links: Links, colour: Floats) -> Floats:
    """Weigh links by likeness, 1 for the most alike pair that is linked, 0 where there is no link."""
    likeness = np.zeros_like(colour)
    likeness[links] = np.exp(-stretched(colour[links]) / (2 * DELTA))
    return likeness


def _connectivity(near: Links, border: NDArray[np.intp], colour: Floats) -> Floats:
    ways = geodesic_distances(with_border(near, border), colour)
    return boundary_connectivity(near, border, colour / ways.max(), 0.12)


def _group_maximum(values: Floats, groups: NDArray[np.intp]) -> Floats:
    most = np.zeros(groups.max() + 1)
    np.maximum.at(most, groups, values)
    return most


def _refined(first: Floats, background: Floats, weights: Floats) -> Floats:
    """Optimise as BC does, then again with what stands out held fast."""
    first = np.where(first < otsu_threshold(first), 0, first)
    once = optimised(weights, first, background)
    return optimised(weights, np.where(once > otsu_threshold(once), 1000, once), background)


def _spread_in_clusters(values: Floats, colours: Floats) -> Floats:
    """Draw each superpixel half way to the others of its cluster of colours, the highest first."""
    clusters = nearest_centre(colours, k_means(colours, CLUSTERS))
    # The variance of three channels' mean, of which two are 0.
    likeness = np.exp(-(differences(colours) ** 2) / (2 * colours.var() / 3))
    np.fill_diagonal(likeness, 0)
    spread = values.copy()
    for number in np.argsort(values, kind="stable")[::-1]:
        others = likeness[number] * (clusters == clusters[number])
        spread[number] = 0.5 * spread[number] + 0.5 * (others @ spread) / max(others.sum(), 1e-15)
    return spread


def _centred_on_object(parts: Superpixels, values: Floats) -> Floats:
    """Lay a Gaussian around the map's middle over it."""
    painted = parts.paint(values)
    weight = painted.sum()
    if not weight > 0:
        return painted
    away = np.zeros(painted.shape)
    for axis, places in enumerate(np.indices(painted.shape)):
        away += ((places - (places * painted).sum() / weight) / (0.55 * painted.shape[axis])) ** 2
    return stretched(painted * np.exp(-away / 2))
