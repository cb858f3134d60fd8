"""The one decoder: prepare, predict, the registered model and score read images here, by the same rules.

| in the file | what becomes of it |
| --- | --- |
| EXIF orientation | the image is turned upright |
| a second image behind a JPEG's first (MPO) | the first is meant |
| several pages | refused; smaller copies of one image in a TIFF do not count |
| alpha that is opaque everywhere; constant alpha of a 32-bit BMP | dropped |
| real transparency | refused |
| palette, CMYK, YCbCr | RGB |
| 1 to 8 bits | 8-bit grey or RGB |
| 9 to 16 bits, grey or RGB | uint16 as in the file, from 0 to 2^bits - 1; `Levels` make them 8 bits |
| WhiteIsZero | inverted, at every depth |
| more bits, signed or floating-point samples | refused |

Pillow decodes what has at most 8 bits and 16-bit grey PNG. It cuts 48-bit colour to 24, does not invert WhiteIsZero at 16 bits and shifts
JPEG 2000 of 9 to 15 bits, so tifffile and imagecodecs decode those, and what Pillow has no codec for.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    Image,
    ImageOps,
    Jpeg2KImagePlugin,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
)

from tsernet.images import tiff
from tsernet.images.errors import ImageError
from tsernet.images.formats import EXPECTED, MAX_PIXELS, PILLOW_FORMATS, is_tiff, jpeg2000_depth, jpeg_precision, png_depth
from tsernet.images.levels import Samples, UInt8

_GREY = ("1", "L", "LA", "La")
_COLOUR = ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr")
_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_HEAD = 32
# Pillow looks a format up among those that were imported.
_PLUGINS = (BmpImagePlugin, Jpeg2KImagePlugin, JpegImagePlugin, PngImagePlugin, TiffImagePlugin)
# Pillow's own limit on pixels is one for the whole process: two threads must not change it at once.
_opening = threading.Lock()


@dataclass(frozen=True)
class Decoded:
    """An upright image.

    Attributes:
        pixels: uint8 or, above 8 bits, uint16 as in the file; (H, W) for grey, (H, W, 3) for colour.
        bits: Of a sample in the file, 1 to 16.
        mode: Pillow's name for what the file holds, or one after its fashion: L, RGB, I;16, RGB;16, L;12, …
        indices: Of a palette's colours, uint8 (H, W); None without a palette.
        palette: Its colours, uint8 (N, 3).
        is_jpeg: Whether the values are those of a JPEG, which keeps none exactly.
    """

    pixels: Samples
    bits: int
    mode: str
    indices: UInt8 | None = None
    palette: UInt8 | None = None
    is_jpeg: bool = False


def decode(source: Path | bytes, max_pixels: int | None = MAX_PIXELS) -> Decoded:
    """Decode an image file, by its content and not its name.

    Args:
        source: The file, or its bytes.
        max_pixels: Above this nothing is decoded; None for our own files, which were held against the limit when they were made.
    Raises:
        ImageError: If the file cannot be used; the sentence says why.
    """
    head = _head(source)
    if not head:
        raise ImageError("no-bytes", "has no bytes")
    if is_tiff(head):
        return _decode_tiff(source, max_pixels)
    deep = _deep_codec(source, head)
    if deep is None:
        with _open_by_pillow(source) as image:
            _require_size(image.width, image.height, max_pixels)
            return _from_pillow(image)
    with _open_by_pillow(source) as image:
        _require_size(image.width, image.height, max_pixels)
        _require_one_page(image)
        orientation = int(image.getexif().get(0x0112, 1))
    codec, bits = deep
    return _deep(tiff.upright(_by_imagecodecs(codec, source), orientation), bits)


def _decode_tiff(source: Path | bytes, max_pixels: int | None) -> Decoded:
    tags = tiff.read_tags(source)
    _require_size(tags.width, tags.height, max_pixels)
    if tags.bits <= 8:
        try:
            with _open_by_pillow(source) as image:
                return _from_pillow(image)
        except ImageError as error:
            # A codec that Pillow lacks looks to it like no image at all.
            if error.code != "unreadable":
                raise
    return _deep(*tiff.read_samples(source))


def _head(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source[:_HEAD]
    try:
        with source.open("rb") as file:
            return file.read(_HEAD)
    except OSError as error:
        raise ImageError("broken", f"cannot be read ({error.strerror})") from None


def _deep_codec(source: Path | bytes, head: bytes) -> tuple[str, int] | None:
    """Say which codec of imagecodecs reads a file of more than 8 bits, and the bits; None where Pillow does it right."""
    png = png_depth(head)
    if png is not None:
        return ("png", 16) if png == (16, True) else None
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
        precision = jpeg_precision(stream)
        if precision is not None:
            if precision > 8:
                raise ImageError("codec", f"is a JPEG of {precision} bits a sample, expected 8")
            return None
        depth = jpeg2000_depth(stream)
    if depth is not None and depth > 16:
        raise ImageError("depth", f"has samples of {depth} bits, expected 1 to 16")
    return ("jpeg2k", depth) if depth is not None and depth > 8 else None


def _by_imagecodecs(codec: str, source: Path | bytes) -> Any:
    try:
        import imagecodecs
    except ImportError:
        raise ImageError("codec", f"is a {codec} file of more than 8 bits a sample: install imagecodecs to read it") from None
    content = source if isinstance(source, bytes) else source.read_bytes()
    try:
        return getattr(imagecodecs, f"{codec}_decode")(content)
    # Each codec has an exception of its own; they are RuntimeErrors, save for arguments that make no sense.
    except (RuntimeError, ValueError) as error:
        raise ImageError("broken", f"cannot be decoded ({' '.join(str(error).split())[:200]})") from None


def _deep(samples: Samples, bits: int) -> Decoded:
    if samples.ndim == 3 and samples.shape[2] in (2, 4):
        if int(samples[..., -1].min()) != (255 if bits <= 8 else (1 << bits) - 1):
            raise _transparent()
        samples = samples[..., :-1]
    if samples.ndim == 3 and samples.shape[2] == 1:
        samples = samples[..., 0]
    if samples.ndim not in (2, 3) or (samples.ndim == 3 and samples.shape[2] != 3):
        raise ImageError("mode", f"has samples of shape {samples.shape}, expected one grey or RGB image")
    mode = "L" if samples.ndim == 2 else "RGB"
    if bits <= 8:
        grey_or_colour: UInt8 = np.ascontiguousarray(samples, dtype=np.uint8)
        return Decoded(grey_or_colour, bits, mode)
    deep: NDArray[np.uint16] = np.ascontiguousarray(samples, dtype=np.uint16)
    return Decoded(deep, bits, f"{mode};{bits}")


@contextmanager
def _open_by_pillow(source: Path | bytes) -> Iterator[Image.Image]:
    with warnings.catch_warnings():
        # Of odd metadata; the pixels are what counts here.
        warnings.simplefilter("ignore")
        try:
            # Never by path: Pillow 12.3 then maps an uncompressed TIFF into memory, and shears it where its orientation swaps the sides.
            with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as stream:
                with _opening:
                    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
                    try:
                        image = Image.open(stream, formats=PILLOW_FORMATS)
                    finally:
                        Image.MAX_IMAGE_PIXELS = limit
                with image:
                    yield image
        except UnidentifiedImageError:
            raise ImageError("unreadable", f"is not {EXPECTED}") from None
        except (OSError, SyntaxError, ValueError, EOFError) as error:
            raise ImageError("broken", f"cannot be decoded ({' '.join(str(error).split())[:200]})") from None


def _require_size(width: int, height: int, max_pixels: int | None) -> None:
    if max_pixels is not None and width * height > max_pixels:
        raise ImageError("bomb", f"claims {width}×{height} pixels, expected at most {max_pixels}")


def _require_one_page(image: Image.Image) -> None:
    # Of those the pages are counted elsewhere or do not count; Pillow's count fails in its own way where a TIFF's second page is broken.
    count = 1 if image.format in ("MPO", "TIFF") else getattr(image, "n_frames", 1)
    if count > 1:
        raise ImageError("pages", f"holds {count} images, expected one")


def _from_pillow(image: Image.Image) -> Decoded:
    _require_one_page(image)
    mode, is_jpeg = image.mode, image.format in ("JPEG", "MPO")
    if mode.startswith("I;16"):
        return _sixteen(image)
    if mode not in _GREY + _COLOUR:
        raise ImageError("mode", f"has the mode {mode}, expected grey or RGB of 1 to 16 bits")
    image.load()
    _require_opaque(image)
    standing = ImageOps.exif_transpose(image)
    pixels = np.array(standing.convert("L" if mode in _GREY else "RGB"))
    if mode != "P":
        return Decoded(pixels, 1 if mode == "1" else 8, mode, is_jpeg=is_jpeg)
    palette = np.array(standing.getpalette("RGB") or [], dtype=np.uint8).reshape(-1, 3)
    return Decoded(pixels, 8, mode, np.array(standing), palette)


def _sixteen(image: Image.Image) -> Decoded:
    """Take Pillow's 16-bit grey: of a PNG, since TIFFs and JPEG 2000 go elsewhere."""
    image.load()
    samples: NDArray[np.uint16] = np.array(ImageOps.exif_transpose(image)).astype(np.uint16, copy=False)
    key = image.info.get("transparency")
    if key is not None and bool((samples == key).any()):
        raise _transparent()
    return Decoded(samples, 16, "I;16")


def _require_opaque(image: Image.Image) -> None:
    if image.mode in _ALPHA:
        alpha = np.asarray(image.getchannel(image.getbands()[-1]))
    elif "transparency" in image.info:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    else:
        return
    least, most = int(alpha.min()), int(alpha.max())
    # Many programs write a 32-bit BMP with whatever the fourth byte held, one value for all; no viewer takes it for transparency.
    if least != 255 and not (image.format == "BMP" and least == most):
        raise _transparent()


def _transparent() -> ImageError:
    return ImageError("alpha", "has transparent pixels (an alpha channel that is not opaque everywhere), expected an opaque image")
