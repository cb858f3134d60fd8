"""Maps at their images' sizes, without PyTorch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tsernet.runtimes.session import LEAST_RANGE, Array


def finish_maps(logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
    """As `Session.finish`, in NumPy."""
    # The sigmoid, as a tangent that cannot overflow.
    probabilities = 0.5 + 0.5 * np.tanh(0.5 * logits[:, 0])
    return [_finish(one, size, stretch) for one, size in zip(probabilities, sizes, strict=True)]


def _finish(one: Array, size: tuple[int, int], stretch: bool) -> Array:
    if stretch:
        low = one.min()
        one = (one - low) / max(one.max() - low, np.float32(LEAST_RANGE))
    return resize_bilinear(one, size).clip(0.0, 1.0)


def resize_bilinear(image: Array, size: tuple[int, int]) -> Array:
    """Resize as `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)` does: no antialiasing.

    Args:
        image: float32, (H, W).
        size: Height and width of the result, pixels.
    Returns:
        float32, of that size.
    """
    if image.shape == tuple(size):
        return image
    above, below, down = _places(image.shape[0], size[0])
    left, right, across = _places(image.shape[1], size[1])
    columns = image[:, left]
    columns = columns + (image[:, right] - columns) * across
    rows = columns[above]
    resized: Array = rows + (columns[below] - rows) * down[:, None]
    return resized


def _places(given: int, wanted: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Array]:
    """Say for each wanted pixel between which two given ones its centre lies, and how far from the first."""
    places = ((np.arange(wanted) + 0.5) * (given / wanted) - 0.5).clip(0.0, given - 1)
    first = places.astype(np.intp)
    return first, np.minimum(first + 1, given - 1), (places - first).astype(np.float32)
