"""Small sums that all of the methods need: stretching, Otsu's threshold, lightness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def stretched(values: Floats) -> Floats:
    """Stretch to 0 to 1; all zeros where all are equal."""
    least, most = values.min(), values.max()
    # Equal but for rounding: there is nothing to stretch.
    if most - least <= 1e-12 * max(abs(least), abs(most)):
        return np.zeros_like(values)
    stretched: Floats = (values - least) / (most - least)
    return stretched


def otsu_threshold(values: Floats) -> float:
    """Find Otsu's threshold of values from 0 to 1, in 256 steps: where it leaves the most variance between the two sides.

    Returns:
        From 0 to 1; the mean of the thresholds where several are as good.
    """
    counts = np.bincount(np.clip(np.rint(values * 255), 0, 255).astype(np.intp), minlength=256).astype(np.float64)
    share = counts / counts.sum()
    below = share.cumsum()
    mass = (share * np.arange(256)).cumsum()
    both = (below > 0) & (below < 1 - 1e-12)
    if not both.any():
        return 0.0
    between = np.full(256, -1.0)
    between[both] = (mass[-1] * below[both] - mass[both]) ** 2 / (below[both] * (1 - below[both]))
    return float(np.flatnonzero(between >= between.max() * (1 - 1e-12)).mean() / 255)


def lightness(grey: Floats) -> Floats:
    """Give L* of CIELAB, 0 to 100, for greys of sRGB from 0 to 255; a* and b* of a grey are 0."""
    value = grey / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    root = np.where(linear > 0.008856, np.cbrt(linear), 7.787 * linear + 16 / 116)
    return np.asarray(116 * root - 16)
