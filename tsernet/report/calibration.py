"""Whether a saliency of 0.8 means a defect in eight of ten pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tsernet.metrics.measures import Counts, Floats


@dataclass(frozen=True, slots=True)
class Reliability:
    """Bins of saliency that hold pixels.

    `values` is the bins' mean saliency, `shares` their share of defect pixels, `weights` their share of all pixels, each (bins,) in 0…1;
    `error` is the expected calibration error: the mean of |value − share| over pixels.
    """

    values: Floats
    shares: Floats
    weights: Floats
    error: float


def reliability(histograms: Counts, bins: int = 16) -> Reliability:
    """Compare saliency values with how often they are right.

    Args:
        histograms: (count, 2, 256): background and defect pixels by 8-bit map value.
        bins: How many bins of equal width; a divisor of 256.
    Raises:
        ValueError: If the bins do not divide 256.
    """
    if 256 % bins:
        raise ValueError(f"bins must divide 256, got {bins}")
    background, defect = histograms.sum(axis=0)
    pixels = (background + defect).reshape(bins, -1)
    levels = (np.arange(256) / 255).reshape(bins, -1)
    count = pixels.sum(axis=1)
    filled = count > 0
    values = (pixels * levels).sum(axis=1)[filled] / count[filled]
    shares = defect.reshape(bins, -1).sum(axis=1)[filled] / count[filled]
    weights = count[filled] / count.sum()
    return Reliability(values, shares, weights, float((weights * np.abs(values - shares)).sum()))
