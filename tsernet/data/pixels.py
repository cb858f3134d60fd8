"""What an image goes through between the disk and the network: reading, resizing, scaling."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tsernet.errors import UserError
from tsernet.images.decode import decode
from tsernet.images.errors import ImageError
from tsernet.images.formats import MAX_PIXELS, SUFFIXES
from tsernet.images.levels import Levels, Samples, to_8bit

__all__ = ["MAX_PIXELS", "SUFFIXES", "ImageArray", "read_image", "read_samples", "resize_image", "resize_mask", "scale_image"]

ImageArray = NDArray[np.uint8]

# torchvision's ResNet-34 was trained on images standardised so.
MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32).reshape(3, 1, 1)
STD = np.array([0.229, 0.224, 0.225], dtype=np.float32).reshape(3, 1, 1)


def read_image(path: Path, levels: Levels | None = None, max_pixels: int | None = MAX_PIXELS) -> ImageArray:
    """Decode an image file to 8-bit grey or RGB, as `tsernet.images.decode` says.

    Args:
        path: The file.
        levels: Bring more than 8 bits to 8; 8-bit images stay as they are.
        max_pixels: Above this nothing is decoded; None for our own files.
    Returns:
        uint8, (H, W) for grey and (H, W, 3) for colour.
    Raises:
        UserError: If the file is missing, cannot be used, or has over 8 bits and there are no levels.
    """
    try:
        return to_8bit(decode(path, max_pixels).pixels, levels)
    except ImageError as error:
        raise UserError(f"{path}: {error.sentence}") from None


def read_samples(path: Path, max_pixels: int | None = MAX_PIXELS) -> Samples:
    """Decode an image file to its samples as they are: uint8, or uint16 above 8 bits.

    Raises:
        UserError: If the file is missing or cannot be used.
    """
    try:
        return decode(path, max_pixels).pixels
    except ImageError as error:
        raise UserError(f"{path}: {error.sentence}") from None


def resize_image(image: ImageArray, size: int) -> ImageArray:
    """Resize to size × size, bilinear, smoothing where it shrinks.

    Training and prediction both resize here, so that they see the same pixels.
    """
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))


def resize_mask(mask: ImageArray, size: int) -> ImageArray:
    """Resize a mask (H, W) of 0 and 255 to size × size by its nearest pixel, so that it holds nothing between."""
    return np.asarray(Image.fromarray(mask).resize((size, size), Image.Resampling.NEAREST))


def scale_image(image: ImageArray, scaling: str) -> NDArray[np.float32]:
    """Bring 8-bit pixels to the network's input range.

    Args:
        image: uint8, (H, W) or (H, W, 3).
        scaling: `unit` divides by 255; `own_max` by the image's own maximum, as the released code does.
    Returns:
        float32, (3, H, W): scaled to [0, 1], then ImageNet's mean and standard deviation.
    Raises:
        ValueError: If the scaling or the shape is another.
    """
    if scaling not in ("unit", "own_max"):
        raise ValueError(f"scaling must be 'unit' or 'own_max', got {scaling!r}")
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise ValueError(f"image must be (H, W) or (H, W, 3), got {image.shape}")
    top = 255.0 if scaling == "unit" else max(float(image.max()), 1.0)
    planes = image[None] if image.ndim == 2 else image.transpose(2, 0, 1)
    factor = (1.0 / (top * STD)).astype(np.float32)
    scaled: NDArray[np.float32] = planes * factor
    scaled -= MEAN / STD
    return scaled
