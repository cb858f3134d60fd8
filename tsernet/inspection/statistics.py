"""What is kept of an inspected image in place of the image: figures that tell one camera, lamp or kind of steel from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tsernet.data.pixels import ImageArray

HISTOGRAM_BINS = 16
_ROWS_AT_ONCE = 1024


@dataclass(frozen=True)
class ImageStatistics:
    """Of an image as the network sees it: 8 bits, colour as its luma.

    Attributes:
        brightness: Mean grey level, in [0, 1].
        contrast: Standard deviation of the grey levels, in [0, 0.5].
        sharpness: Variance of the Laplacian of the grey levels 0…255: it falls as an image blurs.
        clipped: Share of pixels at 0 or 255, in [0, 1].
    Source: Pech-Pacheco et al., ICPR 2000, for the sharpness.
    """

    brightness: float
    contrast: float
    sharpness: float
    clipped: float


@dataclass(frozen=True)
class SaliencyStatistics:
    """Of a map's values over all pixels.

    Attributes:
        mean, p99, peak: Saliency, in [0, 1].
        marked: Share of pixels at or above the threshold, in [0, 1].
        histogram: Pixels in each of HISTOGRAM_BINS equal parts of [0, 1].
    """

    mean: float
    p99: float
    peak: float
    marked: float
    histogram: tuple[int, ...]


def image_statistics(pixels: ImageArray) -> ImageStatistics:
    """Measure an image, uint8 (H, W) or (H, W, 3)."""
    counts = np.zeros(256, dtype=np.int64)
    total, squares, number = 0.0, 0.0, 0
    height = pixels.shape[0]
    for top in range(0, height, _ROWS_AT_ONCE):
        # One row more on either side, so that the Laplacian of these rows is that of the whole image.
        low, high = max(top - 1, 0), min(top + _ROWS_AT_ONCE + 1, height)
        grey = _grey(pixels[low:high])
        own = slice(top - low, min(top + _ROWS_AT_ONCE, height) - low)
        counts += np.bincount(grey[own].ravel(), minlength=256)
        edges = _laplacian(grey)[own].astype(np.float64)
        total, squares, number = total + float(edges.sum()), squares + float((edges * edges).sum()), number + edges.size
    levels = np.arange(256)
    mean = float((counts * levels).sum()) / number
    deviation = float(np.sqrt((counts * (levels - mean) ** 2).sum() / number))
    return ImageStatistics(
        brightness=mean / 255.0,
        contrast=deviation / 255.0,
        sharpness=max(squares / number - (total / number) ** 2, 0.0),
        clipped=float(counts[0] + counts[255]) / number,
    )


def saliency_statistics(saliency: ImageArray, level: int) -> SaliencyStatistics:
    """Measure a map of 8 bits, uint8 (H, W).

    Args:
        saliency: The map.
        level: The least marked value, 1…255.
    """
    counts: NDArray[np.int64] = np.bincount(saliency.ravel(), minlength=256)
    number = saliency.size
    below = counts.cumsum()
    return SaliencyStatistics(
        mean=float((counts * np.arange(256)).sum()) / number / 255.0,
        p99=int(np.searchsorted(below, 0.99 * number)) / 255.0,
        peak=int(np.flatnonzero(counts)[-1]) / 255.0,
        marked=float(counts[level:].sum()) / number,
        histogram=tuple(int(one) for one in counts.reshape(HISTOGRAM_BINS, -1).sum(axis=1)),
    )


def _grey(pixels: ImageArray) -> ImageArray:
    return pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))


def _laplacian(grey: ImageArray) -> NDArray[np.int16]:
    """Sum up each pixel's four neighbours less four times itself; beyond the border the image is mirrored."""
    wide = np.pad(grey.astype(np.int16), 1, mode="reflect")
    return wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * wide[1:-1, 1:-1]
