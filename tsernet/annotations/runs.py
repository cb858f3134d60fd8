"""Run-length codes. Each format has its own language; all are checked for their length before a pixel is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tsernet.annotations.shapes import Mask, Piece
from tsernet.errors import UserError

Counts = Sequence[int] | NDArray[np.int64]
_MOST_DIGITS = 7
"""Of one number of COCO's compressed code, five bits each: a count below 2^34. Sums of all that a file may hold stay below 2^63."""


def from_counts(counts: Counts, width: int, height: int, where: str) -> Piece:
    """Draw COCO's uncompressed code: lengths of alternating runs, background first, down the columns. Empty columns are left out.

    Raises:
        UserError: If the runs do not cover the image exactly.
    """
    ends = np.cumsum(_checked(counts, width, height, where))
    if len(ends) < 2:
        return Piece(np.zeros((0, 0), dtype=bool))
    last = ends[-1] if len(ends) % 2 == 0 else ends[-2]
    left, right = int(ends[0] // height), int(-(-last // height))
    lengths = _steps(np.minimum(np.maximum(ends, left * height), right * height), left * height)
    return Piece(_repeated(lengths).reshape(right - left, height).T, left)


def from_rows(counts: Counts, width: int, height: int, where: str) -> Mask:
    """Draw CVAT's code: lengths of alternating runs, background first, along the rows of a box of this size.

    Raises:
        UserError: If the runs do not cover the box exactly.
    """
    return _repeated(_checked(counts, width, height, where)).reshape(height, width)


def _steps(values: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """Give the differences from one value to the next, starting at `first`; np.diff's prepend takes ten times as long for so few."""
    steps = values.copy()
    steps[1:] -= values[:-1]
    steps[:1] -= first
    return steps


def _repeated(lengths: NDArray[np.int64]) -> Mask:
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths)


def _checked(counts: Counts, width: int, height: int, where: str) -> NDArray[np.int64]:
    pixels = width * height
    if not isinstance(counts, np.ndarray) and not all(type(one) is int and 0 <= one <= pixels for one in counts):  # a bool is no count
        counts = ()
    lengths = np.asarray(counts, dtype=np.int64)
    # Each length for itself first: a sum of such as are too large may come round to the right one.
    if not lengths.size or lengths.min() < 0 or lengths.max() > pixels or lengths.sum() != pixels:
        raise UserError(f"{where}: the run-length code does not cover {width}×{height} pixels")
    return lengths


def decompress_counts(text: str, pixels: int, where: str) -> NDArray[np.int64]:
    """Read COCO's compressed code: six bits a character, five of them digits, each count from the third on as its difference to the
    one before the last.

    Args:
        text: The string under `counts`.
        pixels: Of the image; more runs than that cannot be.
    Raises:
        UserError: If it is not such a code.
    """
    letters = np.frombuffer(text.encode("utf-8", "surrogatepass"), dtype=np.uint8)
    digits = letters - np.uint8(48)
    last = digits & 32 == 0
    ends = np.flatnonzero(last)
    sizes = _steps(ends, -1)
    if (digits > 63).any() or (sizes > _MOST_DIGITS).any() or len(ends) > pixels + 1:
        raise UserError(f"{where}: not a compressed run-length code of COCO")
    if letters.size and not last[-1]:
        raise UserError(f"{where}: the compressed run-length code ends within a number")
    if not len(ends):
        return np.zeros(0, dtype=np.int64)
    starts = ends - sizes + 1
    places = np.arange(len(digits)) - np.repeat(starts, sizes)
    values = np.add.reduceat((digits & 31).astype(np.int64) << 5 * places, starts)
    values -= (digits[ends] & 16 > 0).astype(np.int64) << 5 * sizes  # the highest digit's highest bit is the sign
    values[1::2], values[2::2] = np.cumsum(values[1::2]), np.cumsum(values[2::2])
    return values


def from_starts(text: str, width: int, height: int, where: str) -> Mask:
    """Draw Severstal's code: pairs of a start, counted from 1 down the columns, and a length.

    Raises:
        UserError: If the numbers are no pairs or leave the image.
    """
    words = text.split()
    if len(words) % 2 or not all(word.isdecimal() for word in words):
        raise UserError(f"{where}: expected pairs of start and length, got {text[:40]!r}")
    flat = np.zeros(width * height, dtype=bool)
    for start, length in zip(map(int, words[::2]), map(int, words[1::2]), strict=True):
        if start < 1 or start - 1 + length > flat.size:
            raise UserError(f"{where}: the run {start} {length} leaves the image of {width}×{height} pixels")
        flat[start - 1 : start - 1 + length] = True
    return flat.reshape(width, height).T
