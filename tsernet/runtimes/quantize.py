"""Convolutions of eight bits: weights by channel, inputs by tensor, ranges measured on images beforehand (static)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsernet.runtimes.session import Array

WEIGHT_LEVELS = 63
"""Largest magnitude of an 8-bit weight. With 127, AVX2 would add products of inputs and weights beyond what its 16 bits hold."""
_INPUT_LEVELS = 255
_OUTLIERS, _SAMPLE = 0.0005, 20_000


@dataclass
class Observed:
    """What has come into a convolution, over all images that were shown.

    Attributes:
        low, high: Least and largest value, one in two thousand of each image left out at either end.
        means: Mean of each channel, float64 (C,).
        images: So many were shown.
    """

    low: float = 0.0
    high: float = 0.0
    means: NDArray[np.float64] | float = 0.0
    images: int = 0

    def add(self, values: Array) -> None:
        """Look at one image's: float32 (1, C, H, W)."""
        some = values.ravel()[:: max(1, values.size // _SAMPLE)]
        low, high = np.quantile(some, [_OUTLIERS, 1.0 - _OUTLIERS])
        self.low, self.high = min(self.low, float(low)), max(self.high, float(high))
        self.images += 1
        self.means += (values.mean(axis=(0, 2, 3), dtype=np.float64) - self.means) / self.images


def quantize(tensors: Mapping[str, NDArray[Any]], observed: Mapping[str, Observed]) -> dict[str, NDArray[Any]]:
    """Round the weights of convolutions to eight bits, and say how their inputs are.

    Those that take the image, and those that take or give a map of one channel, stay as they are: they cost little, and all else hangs on
    what they say.

    Args:
        tensors: The weights of an ONNX model of this project.
        observed: What comes into each convolution, by its name.
    Returns:
        The tensors, with `weight` int8, `weight_scale` float32 (C,), `input_scale` float32 () and `input_zero` uint8 () for each of the
        others; its bias makes good what the rounding of its weights takes from the mean of what comes out.
    """
    result = dict(tensors)
    for name, seen in observed.items():
        kernel = tensors[f"{name}.weight"]
        if kernel.shape[0] == 1 or kernel.shape[1] in (1, 3):
            continue
        scale = np.maximum(np.abs(kernel).max(axis=(1, 2, 3)), 1e-12).astype(np.float32) / np.float32(WEIGHT_LEVELS)
        whole = np.rint(kernel / scale[:, None, None, None]).clip(-WEIGHT_LEVELS, WEIGHT_LEVELS).astype(np.int8)
        lost = (kernel - whole * scale[:, None, None, None]).sum(axis=(2, 3), dtype=np.float64) @ np.broadcast_to(
            seen.means, kernel.shape[1:2]
        )
        low, high = seen.low, max(seen.high, 1e-6)
        step = np.float32((high - low) / _INPUT_LEVELS)
        result |= {
            f"{name}.weight": whole,
            f"{name}.weight_scale": scale,
            f"{name}.bias": (tensors[f"{name}.bias"] + lost).astype(np.float32),
            f"{name}.input_scale": np.array(step, np.float32),
            f"{name}.input_zero": np.array(np.rint(-low / step), np.uint8),
        }
    return result
