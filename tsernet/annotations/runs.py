"""Run-length codes. Each format has its own language; all are checked for their length before a pixel is drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsernet.annotations.shapes import Mask
from tsernet.errors import UserError


def from_counts(counts: Sequence[int], width: int, height: int, where: str) -> Mask:
    """Draw COCO's uncompressed code: lengths of alternating runs, background first, down the columns.

    Raises:
        UserError: If the runs do not cover the image exactly.
    """
    return _alternating(counts, width, height, where).reshape(width, height).T


def from_rows(counts: Sequence[int], width: int, height: int, where: str) -> Mask:
    """Draw CVAT's code: lengths of alternating runs, background first, along the rows of a box of this size.

    Raises:
        UserError: If the runs do not cover the box exactly.
    """
    return _alternating(counts, width, height, where).reshape(height, width)


def _alternating(counts: Sequence[int], width: int, height: int, where: str) -> Mask:
    if any(isinstance(one, bool) or not isinstance(one, int) or one < 0 for one in counts) or sum(counts) != width * height:
        raise UserError(f"{where}: the run-length code does not cover {width}×{height} pixels")
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts)


def decompress_counts(text: str, pixels: int, where: str) -> list[int]:
    """Read COCO's compressed code: six bits a character, five of them digits, each count from the third on as its difference to the
    one before the last.

    Args:
        text: The string under `counts`.
        pixels: Of the image; more runs than that cannot be.
    Raises:
        UserError: If it is not such a code.
    """
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        digit = ord(letter) - 48
        if not 0 <= digit < 64 or shift > 60 or len(counts) > pixels + 1:
            raise UserError(f"{where}: not a compressed run-length code of COCO")
        value |= (digit & 31) << shift
        shift += 5
        if digit & 32:
            continue
        if digit & 16:
            value -= 1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    if shift:
        raise UserError(f"{where}: the compressed run-length code ends within a number")
    return counts


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
