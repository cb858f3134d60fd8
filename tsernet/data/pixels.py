"""What a picture goes through between the disk and the network: reading, resizing, scaling."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from tsernet.errors import UserError

Picture = NDArray[np.uint8]

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff")
MAX_PIXELS = 100_000_000

# torchvision's ResNet-34 was trained on pictures standardised so.
_MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32).reshape(3, 1, 1)
_STD = np.array([0.229, 0.224, 0.225], dtype=np.float32).reshape(3, 1, 1)


def read_picture(path: Path) -> Picture:
    """Decode a picture file to 8-bit grey or RGB.

    Alpha is dropped and a palette is resolved; 16-bit and floating-point pictures are refused, since there is no
    one right way to bring them to 8 bits.

    Returns:
        uint8, (H, W) for grey and (H, W, 3) for colour.
    Raises:
        UserError: If the file is missing, is not a picture, is truncated, is larger than 100 million pixels, or has over 8 bits.
    """
    try:
        with warnings.catch_warnings():
            # Pillow only warns between its limit and twice its limit; here the limit is our own.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UserError(f"{path}: {image.width}×{image.height} pixels, expected at most {MAX_PIXELS}")
                return _to_uint8(image, path)
    except UnidentifiedImageError:
        raise UserError(f"{path}: not a picture (expected PNG, BMP, JPEG or TIFF)") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UserError(f"{path}: cannot be read as a picture ({error})") from None


def _to_uint8(image: Image.Image, path: Path) -> Picture:
    if image.mode in ("1", "L", "LA"):
        return np.asarray(image.convert("L"))
    if image.mode in ("P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"):
        return np.asarray(image.convert("RGB"))
    raise UserError(f"{path}: mode {image.mode}, expected 8-bit grey or colour")


def resize_picture(picture: Picture, size: int) -> Picture:
    """Resize to size × size, bilinear, smoothing where it shrinks.

    Training and prediction both resize here, so that they see the same pixels.
    """
    return np.asarray(Image.fromarray(picture).resize((size, size), Image.Resampling.BILINEAR))


def resize_mask(mask: Picture, size: int) -> Picture:
    """Resize a mask (H, W) of 0 and 255 to size × size by its nearest pixel, so that it holds nothing between."""
    return np.asarray(Image.fromarray(mask).resize((size, size), Image.Resampling.NEAREST))


def scale_picture(picture: Picture, scaling: str) -> NDArray[np.float32]:
    """Bring 8-bit pixels to the network's input range.

    Args:
        picture: uint8, (H, W) or (H, W, 3).
        scaling: `unit` divides by 255; `own_max` by the picture's own maximum, as the released code does.
    Returns:
        float32, (3, H, W): scaled to [0, 1], then ImageNet's mean and standard deviation.
    Raises:
        ValueError: If the scaling or the shape is another.
    """
    if scaling not in ("unit", "own_max"):
        raise ValueError(f"scaling must be 'unit' or 'own_max', got {scaling!r}")
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] != 3):
        raise ValueError(f"picture must be (H, W) or (H, W, 3), got {picture.shape}")
    top = 255.0 if scaling == "unit" else max(float(picture.max()), 1.0)
    planes = picture[None] if picture.ndim == 2 else picture.transpose(2, 0, 1)
    factor = (1.0 / (top * _STD)).astype(np.float32)
    scaled: NDArray[np.float32] = planes * factor
    scaled -= _MEAN / _STD
    return scaled
