"""An image of steel that the shipped weights find one defect in."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def steel(height: int = 200, width: int = 240) -> NDArray[np.uint8]:
    """Even steel, uint8, with one bright scratch."""
    strip = np.random.default_rng(0).normal(110, 3, (height, width))
    strip[height // 10 : 7 * height // 10, 100:106] += 110
    return strip.clip(0, 255).astype(np.uint8)


def png_of(pixels: NDArray[Any]) -> bytes:
    """A PNG of pixels."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return stream.getvalue()
