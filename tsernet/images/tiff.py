"""TIFF files: what they hold by their own tags, and the samples that Pillow cuts, shifts or lacks a codec for."""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tsernet.images.errors import ImageError
from tsernet.images.levels import Samples

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_NO_IMAGE = 0b101
"""Bits of NewSubfileType: a smaller copy of another page, and a transparency mask."""
_LOOKED_AT = 64


@dataclass(frozen=True)
class Tags:
    """What a TIFF says of its one image: size in pixels as stored, bits of a sample, and the codec's name."""

    width: int
    height: int
    bits: int
    codec: str


@contextmanager
def _opened(source: Path | bytes) -> Iterator[Any]:
    import tifffile

    # It logs what it then raises or fills in; what matters is checked here.
    logger = logging.getLogger("tifffile")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with tifffile.TiffFile(io.BytesIO(source) if isinstance(source, bytes) else source) as file:
            yield file
    # What a parser of untrusted bytes raises: all of it means that the file is not sound.
    except (tifffile.TiffFileError, struct.error, OSError, ValueError, IndexError, KeyError, TypeError, RuntimeError) as error:
        raise ImageError("broken", f"cannot be decoded ({_one_line(error)})") from None
    finally:
        logger.setLevel(level)


def read_tags(source: Path | bytes) -> Tags:
    """Read the tags of a TIFF's image without decoding it.

    Raises:
        ImageError: If the file is broken, or holds several images; smaller copies of one (pyramids, previews) are not counted.
    """
    with _opened(source) as file:
        count = len(file.pages)
        if count > 1:
            images = [page for page in list(file.pages)[:_LOOKED_AT] if not int(page.subfiletype) & _NO_IMAGE]
            count = len(images) if count <= _LOOKED_AT else count
        if count > 1:
            raise ImageError("pages", f"holds {count} images, expected one")
        page = file.pages[0]
        return Tags(int(page.imagewidth), int(page.imagelength), _depth(page), _codec(page))


def read_samples(source: Path | bytes) -> tuple[Samples, int]:
    """Decode a TIFF's image by tifffile and imagecodecs, upright, with black as 0.

    Returns:
        uint8 or uint16, (H, W) or (H, W, C) with C of 2 to 4 where there is alpha; and the bits of a sample.
    Raises:
        ImageError: If the file is broken, or its samples are not whole numbers of 1 to 16 bits of grey or RGB.
    """
    with _opened(source) as file:
        page = file.pages[0]
        bits = _depth(page)
        kind = int(page.sampleformat)
        if kind != 1 or not 1 <= bits <= 16:
            what = {2: "signed", 3: "floating-point"}.get(kind, "unsigned")
            raise ImageError("depth", f"has {what} samples of {bits} bits, expected unsigned ones of 1 to 16")
        if int(page.photometric) not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB):
            raise ImageError("mode", f"is a TIFF of photometric {_name(page.photometric)} with {bits}-bit samples, expected grey or RGB")
        _require_whole(page, file)
        try:
            pixels = page.asarray()
        except ImportError:
            raise ImageError(
                "codec", f"is a TIFF of codec {_codec(page)} with {bits}-bit samples: install imagecodecs to read it"
            ) from None
        except Exception as error:  # imagecodecs has an exception for each of its codecs, and no common one
            raise ImageError("broken", f"cannot be decoded ({_codec(page)}: {_one_line(error)})") from None
        if page.axes == "SYX":
            pixels = np.moveaxis(pixels, 0, 2)
        orientation = page.tags.get(274)
        turned = upright(pixels, int(orientation.value) if orientation is not None else 1)
    if turned.dtype == np.bool_:  # tifffile's for samples of one bit
        turned = turned.astype(np.uint8)
    if int(page.photometric) == _WHITE_IS_ZERO:
        turned = turned.dtype.type((1 << bits) - 1) - turned
    if bits < 8:
        turned = np.rint(turned * (255.0 / ((1 << bits) - 1))).astype(np.uint8)
    return np.ascontiguousarray(turned), bits


class Segments:
    """The strips or tiles of a TIFF's one image, each decoded alone; grey or RGB of 8 to 16 bits, upright, samples side by side.

    Attributes:
        height, width: Pixels. channels: 1 or 3. bits: Of a sample. bytes_each: Of a decoded piece, as 8-bit pixels.
    """

    def __init__(self, page: Any, file: Any) -> None:
        self._page, self._file = page, file
        self.height, self.width = int(page.imagelength), int(page.imagewidth)
        self.channels, self.bits = int(page.samplesperpixel), _depth(page)
        tall, wide = (int(page.tilelength), int(page.tilewidth)) if page.is_tiled else (int(page.rowsperstrip), self.width)
        self._tall, self._wide = min(tall, self.height), wide
        self._across = -(-self.width // self._wide)
        self.bytes_each = self._tall * self._wide * self.channels

    def in_rows(self, begin: int, end: int) -> list[int]:
        """List the pieces that hold rows from begin to end."""
        return list(range(begin // self._tall * self._across, ((end - 1) // self._tall + 1) * self._across))

    def corner(self, index: int) -> tuple[int, int]:
        """Give the row and column of a piece's first pixel."""
        return index // self._across * self._tall, index % self._across * self._wide

    def decode(self, index: int) -> Samples:
        """Decode a piece, without what lies beyond the image.

        Returns:
            uint8 or uint16, (H, W) or (H, W, 3), black as 0.
        Raises:
            ImageError: If it cannot be decoded.
        """
        page = self._page
        self._file.filehandle.seek(page.dataoffsets[index])
        content = self._file.filehandle.read(page.databytecounts[index])
        try:
            piece, _, shape = page.decode(content, index)
        except ImportError:
            what = f"is a TIFF of codec {_codec(page)} with {self.bits}-bit samples"
            raise ImageError("codec", f"{what}: install imagecodecs to read it") from None
        except Exception as error:  # imagecodecs has an exception for each of its codecs, and no common one
            raise ImageError("broken", f"cannot be decoded ({_codec(page)}: {_one_line(error)})") from None
        top, left = self.corner(index)
        pixels = piece[0][: min(shape[1], self.height - top), : min(shape[2], self.width - left)]
        pixels = pixels[..., 0] if self.channels == 1 else pixels
        if int(page.photometric) == _WHITE_IS_ZERO:
            pixels = pixels.dtype.type((1 << self.bits) - 1) - pixels
        return np.ascontiguousarray(pixels)


@contextmanager
def open_segments(source: Path) -> Iterator[Segments | None]:
    """Open a TIFF to decode it piece by piece.

    Yields:
        None where it must be decoded whole: turned, planar, with a palette or alpha, of less than 8 bits, or of several pages.
    Raises:
        ImageError: If the file is broken.
    """
    with _opened(source) as file:
        page = file.pages[0]
        turned = page.tags.get(274)
        plain = (
            len(file.pages) == 1
            and (turned is None or int(turned.value) == 1)
            and int(page.sampleformat) == 1
            and 8 <= _depth(page) <= 16
            and int(page.photometric) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
            and int(page.samplesperpixel) in (1, 3)
            and (int(page.samplesperpixel) == 1 or int(page.planarconfig) == 1)
        )
        if plain:
            _require_whole(page, file)
    if not plain:
        yield None
        return
    import tifffile

    # Opened anew: what the reader of the pieces raises for reasons of its own is no fault of the file.
    with tifffile.TiffFile(source) as file:
        yield Segments(file.pages[0], file)


def upright(pixels: Any, orientation: int) -> Any:
    """Turn and mirror an array (H, W, …) as EXIF's orientation 1 to 8 says; any other number changes nothing.

    Source: EXIF 2.32, tag 0x0112.
    """
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    rows = slice(None, None, -1 if orientation in (3, 4, 7, 8) else 1)
    columns = slice(None, None, -1 if orientation in (2, 3, 6, 7) else 1)
    return pixels[rows, columns]


def _depth(page: Any) -> int:
    bits = page.bitspersample
    return int(max(bits) if isinstance(bits, tuple) else bits)


def _require_whole(page: Any, file: Any) -> None:
    """Refuse a file that ends before its pixels do: tifffile would fill what is missing with zeros."""
    size = file.filehandle.size
    for offset, length in zip(page.dataoffsets, page.databytecounts, strict=True):
        if offset <= 0 or length <= 0 or offset + length > size:
            raise ImageError("broken", "cannot be decoded (the file ends before its pixels do)")


def _codec(page: Any) -> str:
    return _name(page.compression)


def _name(value: Any) -> str:
    return str(getattr(value, "name", value))


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
