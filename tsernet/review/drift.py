"""How far an image's figures lie outside those of the images that the model was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

_TO_SIGMA = 1.4826
"""Turns the median absolute deviation of normal figures into their standard deviation."""
_USUAL = 3.0
"""So many deviations from the median are nothing to look at."""
_LEAST = 1e-3
"""Of its median: a column that hardly varies does not make noise in it a drift."""
_LEAST_OF = {"clipped": 1.0 / 300.0}
"""In most images nothing is clipped; up to a hundredth of one is nothing to look at."""
_LOGARITHMIC = ("sharpness",)
"""Columns that vary by factors."""


@dataclass(frozen=True)
class Reference:
    """Median and spread of each column over the reference images."""

    columns: Mapping[str, tuple[float, float]]

    def describe(self, column: str, value: float) -> str:
        """Say how a figure compares, for a person."""
        middle, spread = self.columns[column]
        low, high = (_unscaled(column, middle + side * _USUAL * spread) for side in (-1.0, 1.0))
        return f"unlike the training images: {column} {value:.3g}, usually {low:.3g} to {high:.3g}"


def reference_of(rows: Sequence[Mapping[str, float]]) -> Reference:
    """Take the reference from figures of images: median and 1.4826 · median absolute deviation of each column.

    Args:
        rows: Figures by column, one mapping an image; at least one.
    """
    found = {}
    for column in rows[0]:
        values = np.array([_scaled(column, row[column]) for row in rows])
        middle = float(np.median(values))
        spread = _TO_SIGMA * float(np.median(np.abs(values - middle)))
        found[column] = (middle, max(spread, _LEAST * abs(middle), _LEAST_OF.get(column, 1e-6)))
    return Reference(found)


def drift(row: Mapping[str, float], reference: Reference) -> tuple[float, str]:
    """Measure the column that lies farthest out.

    Args:
        row: An image's figures by column; those that the reference does not have are left out.
        reference: Of the training images.
    Returns:
        1 − 3 / deviations in [0, 1), 0 up to three deviations from the median; and the column, empty where none is known.
    """
    far = {
        column: abs(_scaled(column, row[column]) - middle) / spread
        for column, (middle, spread) in reference.columns.items()
        if column in row
    }
    if not far:
        return 0.0, ""
    column = max(far, key=lambda name: far[name])
    return max(0.0, 1.0 - _USUAL / max(far[column], _USUAL)), column


def _unscaled(column: str, value: float) -> float:
    return float(np.expm1(value)) if column in _LOGARITHMIC else value


def _scaled(column: str, value: float) -> float:
    return float(np.log1p(value)) if column in _LOGARITHMIC else value
