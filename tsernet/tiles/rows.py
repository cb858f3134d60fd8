"""Rows of an image, without the whole of it in memory where its file allows that."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from tsernet.data.pixels import ImageArray, read_image
from tsernet.errors import UserError
from tsernet.images import tiff
from tsernet.images.errors import ImageError
from tsernet.images.formats import MAX_PIXELS, is_tiff
from tsernet.images.levels import Levels, to_8bit

WINDOWED_PIXELS = 4_000_000_000
"""Most pixels of an image that is read in rows: its size costs time and no memory, but a width and a height beyond reason are a slip."""
WINDOWED_FROM = 16_000_000
"""Pixels above which a TIFF is read piece by piece; below, its decoding in one go is as good."""
_KEPT_BYTES = 256 * 2**20


class RowSource(Protocol):
    """An image by rows."""

    height: int
    width: int

    def rows(self, begin: int, end: int) -> ImageArray:
        """Give rows as uint8, (end - begin, W) or (end - begin, W, 3)."""
        ...


class ArrayRows:
    """An image that is in memory: uint8, (H, W) or (H, W, 3)."""

    def __init__(self, pixels: ImageArray) -> None:
        self._pixels = pixels
        self.height, self.width = pixels.shape[:2]

    def rows(self, begin: int, end: int) -> ImageArray:
        """Give rows."""
        return self._pixels[begin:end]


class _TiffRows:
    """A TIFF whose strips or tiles are decoded as their rows are asked for; those that reach into the next rows are kept."""

    def __init__(self, segments: tiff.Segments, levels: Levels | None) -> None:
        self._segments, self._levels = segments, levels
        self.height, self.width = segments.height, segments.width
        self._kept: OrderedDict[int, ImageArray] = OrderedDict()

    def rows(self, begin: int, end: int) -> ImageArray:
        """Give rows.

        Raises:
            ImageError: If a part of the file cannot be decoded.
        """
        shape = (end - begin, self.width) if self._segments.channels == 1 else (end - begin, self.width, self._segments.channels)
        result = np.zeros(shape, dtype=np.uint8)
        wanted = self._segments.in_rows(begin, end)
        for index in wanted:
            top, left = self._segments.corner(index)
            piece = self._segment(index)
            low, high = max(top, begin), min(top + len(piece), end)
            result[low - begin : high - begin, left : left + piece.shape[1]] = piece[low - top : high - top]
        room = max(1, _KEPT_BYTES // max(1, self._segments.bytes_each))
        while len(self._kept) > max(room, len(wanted)):
            self._kept.popitem(last=False)
        return result

    def _segment(self, index: int) -> ImageArray:
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        self._kept[index] = to_8bit(self._segments.decode(index), self._levels)
        return self._kept[index]


@contextmanager
def open_rows(path: Path, levels: Levels | None = None, max_pixels: int | None = None) -> Iterator[RowSource]:
    """Open an image for reading by rows: a large TIFF piece by piece, anything else whole.

    Args:
        path: The file.
        levels: Bring more than 8 bits to 8.
        max_pixels: A larger image is refused; by default 100 million pixels, and 4,000 million where it is read piece by piece.
    Raises:
        UserError: If the file is missing, cannot be used, or has over 8 bits and there are no levels.
    """
    try:
        with path.open("rb") as file:
            head = file.read(32)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
    try:
        if is_tiff(head):
            with tiff.open_segments(path) as segments:
                if segments is not None and segments.height * segments.width > WINDOWED_FROM:
                    _require_size(segments, max_pixels or WINDOWED_PIXELS)
                    if segments.bits > 8 and levels is None:
                        to_8bit(np.zeros((1, 1), dtype=np.uint16), None)
                    yield _TiffRows(segments, levels)
                    return
        yield ArrayRows(read_image(path, levels, MAX_PIXELS if max_pixels is None else max_pixels))
    except ImageError as error:
        raise UserError(f"{path}: {error.sentence}") from None


def _require_size(segments: Any, max_pixels: int) -> None:
    if segments.height * segments.width > max_pixels:
        raise ImageError("bomb", f"claims {segments.width}×{segments.height} pixels, expected at most {max_pixels}")
