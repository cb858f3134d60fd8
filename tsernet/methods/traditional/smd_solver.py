"""SMD's decomposition F = L + S: L of low rank, S sparse by the groups of a tree and smooth over the graph."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsernet.methods.traditional.numbers import Floats

SMOOTH = 1.1
"""Weight of S's Laplacian term (alpha)."""
SPARSE = 0.35
"""Weight of S's groups (beta)."""
TOLERANCE = 1e-5
ROUNDS = 1000


def decompose(features: Floats, laplacian: Floats, tree: list[NDArray[np.intp]], weights: list[Floats]) -> tuple[Floats, Floats]:
    """Decompose by alternating directions.

    Args:
        features: F, (features, count).
        laplacian: Of the graph, (count, count).
        tree: Of each level the number of each superpixel's group.
        weights: Of each level how much each group counts.
    Returns:
        L and S.
    """
    size = np.linalg.norm(features)
    if not size > 0:
        return np.zeros_like(features), np.zeros_like(features)
    # The system of Z differs by a multiple of the identity from one round to the next.
    values, vectors = np.linalg.eigh(laplacian)
    low, sparse = np.zeros_like(features), np.zeros_like(features)
    sums, copies = np.zeros_like(features), np.zeros_like(features)
    mu = 0.1
    for _ in range(ROUNDS):
        before = low, sparse
        low = _shrunk(features - sparse + sums / mu, 1 / mu)
        smooth = ((mu * sparse + copies) @ vectors / (2 * SMOOTH * values + mu)) @ vectors.T
        sparse = _grouped((features - low + smooth + (sums - copies) / mu) / 2, tree, weights, SPARSE / (2 * mu))
        missing = features - low - sparse
        changes = [np.linalg.norm(now - then) for now, then in zip((low, sparse), before, strict=True)]
        if max(np.linalg.norm(missing), *changes) < TOLERANCE * size:
            break
        sums = sums + mu * missing
        copies = copies + mu * (sparse - smooth)
        mu = min(mu * 1.1, 1e10)
    return low, sparse


def _shrunk(matrix: Floats, by: float) -> Floats:
    """Make all singular values smaller by so much."""
    # By the eigenvectors of the small product, a fifth of the time of the decomposition of the matrix itself.
    squares, left = np.linalg.eigh(matrix @ matrix.T)
    values = np.sqrt(np.maximum(squares, 1e-300))
    shrunk: Floats = (left * np.maximum(1 - by / values, 0)) @ (left.T @ matrix)
    return shrunk


def _grouped(matrix: Floats, tree: list[NDArray[np.intp]], weights: list[Floats], scale: float) -> Floats:
    """Make every group's sum smaller by its weight, from the leaves to the root; what would be below 0 is 0."""
    for groups, weight in zip(tree, weights, strict=True):
        sums = np.bincount(groups, np.abs(matrix).sum(axis=0))
        kept = np.maximum(1 - scale * weight / np.maximum(sums, 1e-300), 0)
        matrix = matrix * kept[groups]
    return matrix
