"""One picture file to 8-bit pixels, or the reason why not."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

UInt8 = NDArray[np.uint8]

_GREY, _COLOUR = ("1", "L"), ("RGB", "P")


class UnusableError(Exception):
    """A file that cannot become a sample: `code: what was found`."""

    def __init__(self, code: str, found: str) -> None:
        super().__init__(f"{code}: {found}")


@dataclass(frozen=True)
class Decoded:
    """Pixels and the mode they had in the file."""

    pixels: UInt8
    mode: str


def decode_picture(path: Path, max_pixels: int) -> Decoded:
    """Decode a picture, upright as a viewer shows it, to 8-bit grey or colour.

    Raises:
        UnusableError: The reason begins with a code that the validation knows.
    """
    with _opened(path, "image", max_pixels) as image:
        mode = image.mode
        if getattr(image, "n_frames", 1) > 1:
            raise UnusableError("image-pages", f"{path.name} holds {getattr(image, 'n_frames', 1)} pictures, expected one")
        if mode.startswith(("I", "F")):
            raise UnusableError("image-depth", f"{path.name} has more than 8 bits a channel (mode {mode}), expected 8-bit grey or RGB")
        if mode in ("LA", "RGBA", "PA", "La", "RGBa") or "transparency" in image.info:
            raise UnusableError("image-alpha", f"{path.name} has an alpha channel (mode {mode}), expected 8-bit grey or RGB")
        if mode not in _GREY + _COLOUR:
            raise UnusableError("image-mode", f"{path.name} has the mode {mode}, expected 8-bit grey or RGB")
        _load(image, path, "image")
        upright = ImageOps.exif_transpose(image)
        return Decoded(np.array(upright.convert("L" if mode in _GREY else "RGB")), mode)


def decode_mask(path: Path, max_pixels: int) -> Decoded:
    """Decode a mask to one channel, its values as they are in the file.

    Raises:
        UnusableError: The same for masks; RGB is taken where its three channels are equal.
    """
    with _opened(path, "mask", max_pixels) as image:
        mode = image.mode
        _load(image, path, "mask")
        if mode in _GREY:
            return Decoded(np.array(image.convert("L")), mode)
        if mode not in _COLOUR:
            raise UnusableError("mask-mode", f"{path.name} has the mode {mode}, expected 8-bit grey")
        channels = np.array(image.convert("RGB"))
        if not (channels == channels[..., :1]).all():
            raise UnusableError("mask-channels", f"the colour channels of {path.name} differ, expected 8-bit grey")
        return Decoded(np.ascontiguousarray(channels[..., 0]), mode)


def _opened(path: Path, side: str, max_pixels: int) -> Image.Image:
    if path.is_symlink():
        raise UnusableError(f"{side}-link", f"{path.name} is a symbolic link, expected the file itself")
    if path.stat().st_size == 0:
        raise UnusableError(f"{side}-no-bytes", f"{path.name} has no bytes")
    # Pillow's own limit is below ours; ours is kept right after opening, before any pixel is decoded.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            image = Image.open(path)
        except UnidentifiedImageError:
            raise UnusableError(f"{side}-not-a-picture", f"{path.name} is not PNG, BMP, JPEG or TIFF") from None
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise UnusableError(f"{side}-broken", f"{path.name} cannot be decoded ({error})") from None
        finally:
            Image.MAX_IMAGE_PIXELS = limit
    if image.width * image.height > max_pixels:
        image.close()
        raise UnusableError(f"{side}-bomb", f"{path.name} claims {image.width}×{image.height} pixels, expected at most {max_pixels}")
    return image


def _load(image: Image.Image, path: Path, side: str) -> None:
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata; the pixels are what counts here.
            warnings.simplefilter("ignore")
            image.load()
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UnusableError(f"{side}-broken", f"{path.name} cannot be decoded ({error})") from None
