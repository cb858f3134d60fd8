"""What the methods compute on the graph of superpixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from tsernet.methods.traditional.numbers import Floats

Links = NDArray[np.bool_]


def differences(values: Floats) -> Floats:
    """Give the distance of every two values, (N, N), of (N,) or (N, features)."""
    table = values.reshape(len(values), -1)
    distances: Floats = np.sqrt(((table[:, None] - table[None]) ** 2).sum(axis=2))
    return distances


def with_second(links: Links) -> Links:
    """Link the neighbours' neighbours too; none is linked to itself."""
    steps = links.astype(np.float64)
    linked: Links = links | (steps @ steps > 0)
    np.fill_diagonal(linked, False)
    return linked


def with_border(links: Links, border: NDArray[np.intp]) -> Links:
    """Link all that lie on the border with each other."""
    linked = links.copy()
    linked[np.ix_(border, border)] = True
    np.fill_diagonal(linked, False)
    return linked


def geodesic_distances(links: Links, lengths: Floats) -> Floats:
    """Give the length of the shortest way between every two, (N, N).

    Args:
        links: Which are linked, symmetric.
        lengths: (N, N), at least 0.
    """
    # A sparse graph holds no link of length 0.
    weights = sparse.csr_matrix(np.where(links, np.maximum(lengths, 1e-12), 0.0))
    ways: Floats = shortest_path(weights, method="D", directed=False)
    return ways


def gaussian_weights(distances: Floats, sigma: float) -> Floats:
    """Turn distances into weights from 0 to 1, none beyond three sigma."""
    weights: Floats = np.where(distances > 3 * sigma, 0.0, np.exp(-(distances**2) / (2 * sigma**2)))
    return weights


def ranking_matrix(weights: Floats, alpha: float) -> Floats:
    """Give (D - alpha W)^-1 of manifold ranking (Yang et al., CVPR 2013)."""
    return np.linalg.inv(np.diag(weights.sum(axis=1)) - alpha * weights).astype(np.float64)
