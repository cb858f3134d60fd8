"""Weighted F-measure: errors next to a defect weigh less than far ones, and spread over neighbours (Margolin et al., CVPR 2014)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from tsernet.metrics.structure import EPSILON, Floats, Truth

_REACH, _SIGMA = 3, 5.0
"""Of the Gaussian window of 7×7 pixels over which an error inside a defect is spread, in pixels."""
_HALVING = 5.0
"""Pixels from the defect over which a false mark's weight goes half of the way from 1 to 2."""


def weighted_f(saliency: Floats, truth: Truth) -> float:
    """Measure by weighted precision and recall, equally.

    Args:
        saliency: float64 (H, W) in [0, 1].
        truth: (H, W), True where there is defect.
    Returns:
        In [0, 1]; 0 of an empty mask.
    """
    if not truth.any():
        return 0.0
    part = _window(saliency, truth)
    saliency, truth = saliency[part], truth[part]
    distance, (row, column) = ndimage.distance_transform_edt(~truth, return_indices=True)
    error = np.abs(saliency - truth)
    # Outside, the window sees the error of the nearest defect pixel: what lies there is no neighbour's fault.
    spread = ndimage.gaussian_filter(error[row, column], _SIGMA, radius=_REACH, mode="constant")
    inside = np.minimum(error, spread)[truth]
    outside = (error * (2 - np.exp(math.log(0.5) / _HALVING * distance)))[~truth]
    found = float(np.count_nonzero(truth) - inside.sum())
    recall = 1 - float(inside.mean())
    precision = found / (found + float(outside.sum()) + EPSILON)
    return 2 * recall * precision / (recall + precision + EPSILON)


def _window(saliency: npt.NDArray[np.float64], truth: Truth) -> tuple[slice, slice]:
    """Find the part of an image that the measure depends on.

    A background pixel of saliency 0 adds exactly nothing, save that the window round a defect pixel looks three pixels far. So the rest
    of the image, mostly all of it, need not be looked at.
    """
    counts = truth | (saliency > 0)
    sides = []
    for axis in (1, 0):
        places = np.flatnonzero(counts.any(axis=axis))
        sides.append(slice(max(int(places[0]) - _REACH, 0), int(places[-1]) + _REACH + 1))
    return sides[0], sides[1]
