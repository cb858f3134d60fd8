"""BC: boundary connectivity and its optimisation.

Zhu, Liang, Wei, Sun, "Saliency optimization from robust background detection", CVPR 2014: boundary connectivity by geodesic distances,
background probability, contrast weighted by it, and the least squares that join them (eq. 9). What the text leaves open is set as in the
authors' release: 600 pixels a superpixel, a border band of 8 pixels, distances cleared of what neighbours differ by anyway, the sigmas
from the image, contrast below Otsu's threshold dropped.

Deviations: no frame around the image is looked for; a grey image has no colour, so distances are those in lightness.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsernet.methods.traditional.graph import Links, differences, gaussian_weights, geodesic_distances, with_border, with_second
from tsernet.methods.traditional.numbers import Floats, lightness, otsu_threshold, stretched
from tsernet.methods.traditional.superpixels import slic

PIXELS = 600
"""Of a superpixel."""
BAND = 8
"""Width of the border band, pixels."""
CERTAIN = 3.0
"""Boundary connectivity from which a superpixel is held for background whatever else speaks for it."""
SMOOTH = 0.1
"""Weight of every link beside its likeness (mu)."""


def saliency(image: NDArray[np.uint8]) -> Floats:
    """Compute the map, (H, W), 0 to 1, of a grey image, (H, W)."""
    parts = slic(image, max(1, round(image.size / PIXELS)))
    if parts.count < 3:
        return np.zeros(image.shape)
    links, border = parts.adjacency(diagonal=False), parts.border(BAND)
    colour = differences(lightness(parts.means(image)))
    nearest = _mean_nearest(links, colour)
    across = np.sort(colour[links & np.tri(parts.count, k=-1, dtype=np.bool_)])[::-1]
    contrast = across[: max(1, round(0.01 * len(across)))].mean()
    if contrast == 0:
        return np.zeros(image.shape)
    reach = max(5.0, min(10.0, 3 * nearest, contrast / 10))
    connectivity = boundary_connectivity(links, border, np.maximum(0, colour - _mean_nearest(with_second(links), colour)), reach)
    background = 1 - np.exp(-(connectivity**2) / 2)
    spread = gaussian_weights(differences(parts.positions / image.shape), 0.4)
    foreground = stretched((colour * spread) @ background)
    foreground[foreground < otsu_threshold(foreground)] = 0
    certain = np.where(connectivity > CERTAIN, 1000.0, background)
    # Where all that touches is equal, only the equal is alike.
    likeness = gaussian_weights(colour, max(1e-6, min(3 * nearest, 0.2 * contrast, 20.0)))
    weights = np.where(with_border(with_second(links), border), likeness, 0) + SMOOTH * links
    return parts.paint(stretched(optimised(weights, foreground, 5 * certain)))


def boundary_connectivity(links: Links, border: NDArray[np.intp], lengths: Floats, sigma: float) -> Floats:
    """Say how much each superpixel's region lies along the image's border: its length there over the root of its area."""
    near = gaussian_weights(geodesic_distances(with_border(links, border), lengths), sigma)
    connectivity: Floats = near[:, border].sum(axis=1) / np.sqrt(near.sum(axis=1))
    return connectivity


def optimised(weights: Floats, foreground: Floats, background: Floats) -> Floats:
    """Minimise eq. 9: background draws a superpixel to 0, foreground to 1, and like neighbours to each other."""
    system = np.diag(weights.sum(axis=1) + background + foreground) - weights
    return np.linalg.solve(system, foreground).astype(np.float64)


def _mean_nearest(links: Links, distances: Floats) -> float:
    """Give the mean of the distances to the most alike neighbour."""
    return float(np.where(links, distances, np.inf).min(axis=1).mean())
