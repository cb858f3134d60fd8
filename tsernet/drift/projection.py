"""The encoder's features as a few columns: the directions in which images differ most, and what lies outside of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tsernet.drift.columns import FEATURES_KEPT

Array = NDArray[np.float64]
_LEAST_SPREAD = 1e-6
"""A channel that varies by less, such as one that BatchNorm has switched off, says nothing."""


@dataclass(frozen=True)
class Projection:
    """From features to columns.

    Attributes:
        mean, spread: Of each channel over the images that it was fitted to, (C,).
        directions: Principal directions of the standardised channels, (K, C), the strongest first.
    """

    mean: Array
    spread: Array
    directions: Array

    def columns(self, features: NDArray[np.floating]) -> dict[str, Array]:
        """Bring features, (N, C), to columns, (N,) each: `feature_1` and so on, and `feature_rest`, the distance to what those can show.

        Raises:
            ValueError: If they have another number of channels.
        """
        if features.ndim != 2 or features.shape[1] != len(self.mean):
            raise ValueError(f"features must be (N, {len(self.mean)}), got {features.shape}")
        scaled = (features.astype(np.float64) - self.mean) / self.spread
        along = scaled @ self.directions.T
        rest = np.sqrt(((scaled - along @ self.directions) ** 2).sum(axis=1))
        return {**{f"feature_{index + 1}": along[:, index] for index in range(along.shape[1])}, "feature_rest": rest}


def fit_projection(features: NDArray[np.floating]) -> Projection:
    """Find the principal directions of features, (N, C) with N of at least 2.

    Fitted to reference and window together it treats both alike, so that a comparison afterwards keeps its rate of false alarms: fitted to
    the reference alone it would fit that a little better.

    Raises:
        ValueError: If there are fewer images.
    """
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"features must be (N, C) with N of at least 2, got {features.shape}")
    values = features.astype(np.float64)
    mean, spread = values.mean(axis=0), values.std(axis=0)
    spread = np.where(spread < _LEAST_SPREAD, np.inf, spread)
    _, _, directions = np.linalg.svd((values - mean) / spread, full_matrices=False)
    return Projection(mean, spread, directions[:FEATURES_KEPT])
