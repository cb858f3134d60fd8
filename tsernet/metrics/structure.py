"""S-measure: how alike a map and a mask are in structure, as wholes and quarter by quarter (Fan et al., ICCV 2017)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]

EPSILON = float(np.spacing(1.0))
"""MATLAB's `eps`, which the authors' code adds to divisors."""
_OBJECT_SHARE = 0.5
"""Of the object-aware part; the other half is the region-aware one's."""


def s_measure(saliency: Floats, truth: Truth) -> float:
    """Compare structures.

    Args:
        saliency: float64 (H, W) in [0, 1].
        truth: (H, W), True where there is defect.
    Returns:
        In [0, 1]; of an empty mask 1 − the map's mean, of a full one its mean.
    """
    share = float(truth.mean())
    if share == 0:
        return 1.0 - float(saliency.mean())
    if share == 1:
        return float(saliency.mean())
    objects = share * _evenness(saliency[truth]) + (1 - share) * _evenness(1 - saliency[~truth])
    return max(0.0, _OBJECT_SHARE * objects + (1 - _OBJECT_SHARE) * _quarters(saliency, truth))


def _evenness(values: Floats) -> float:
    """Say how near to 1, and how even, what should be 1 is; (N,), N ≥ 1."""
    mean = float(values.mean())
    deviation = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return 2 * mean / (mean**2 + 1 + deviation + EPSILON)


def _quarters(saliency: Floats, truth: Truth) -> float:
    """Add up the likeness of the quarters round the defect's centroid, each by its share of the image."""
    height, width = truth.shape
    row, column = np.argwhere(truth).mean(axis=0).round().astype(int) + 1  # the centroid's own row and column belong to the first quarter
    total = 0.0
    for rows in (slice(0, row), slice(row, height)):
        for columns in (slice(0, column), slice(column, width)):
            part = saliency[rows, columns]
            # A centroid in the last row or column leaves quarters empty; they weigh nothing, and the mean of nothing would be NaN.
            if part.size:
                total += _likeness(part, truth[rows, columns]) * part.size / truth.size
    return total


def _likeness(saliency: Floats, truth: Truth) -> float:
    """Compare mean, contrast and structure, as SSIM does, over one window; 1 where both are even and nothing is marked or neither is."""
    count = saliency.size - 1 + EPSILON
    x, y = saliency.mean(), truth.mean()
    across, down = saliency - x, truth - y
    joint = 4 * x * y * float((across * down).sum() / count)
    apart = (x**2 + y**2) * float((across**2).sum() / count + (down**2).sum() / count)
    if joint == 0:
        return float(apart == 0)
    return float(joint / (apart + EPSILON))
