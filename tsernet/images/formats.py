"""Which files are images, and what their headers say that Pillow's mode does not: the bits of a sample."""

from __future__ import annotations

import struct
from typing import BinaryIO

SUFFIXES = (".png", ".bmp", ".jpg", ".jpeg", ".tif", ".tiff", ".jp2", ".j2k")
"""Of image files, in lower case."""

PILLOW_FORMATS = ("PNG", "BMP", "JPEG", "TIFF", "JPEG2000")
"""What is decoded, whatever a file is called; everything else that Pillow knows is none of ours. Its JPEG opens MPO."""

EXPECTED = "PNG, BMP, JPEG, TIFF or JPEG 2000"

MAX_PIXELS = 100_000_000
"""The one limit on the size of an image, where no params file sets `validate.max_pixels`."""

_PNG = b"\x89PNG\r\n\x1a\n"
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_CODESTREAM = b"\xff\x4f\xff\x51"
_JP2_HEADER = 1 << 16


def is_tiff(head: bytes) -> bool:
    """Say whether a file begins as a TIFF or BigTIFF does."""
    return head[:4] in _TIFF


def png_depth(head: bytes) -> tuple[int, bool] | None:
    """Read a PNG's bits a sample and whether it holds colour from its first 26 bytes; None for other files.

    Source: PNG specification, third edition, section 11.2.1 (IHDR).
    """
    if head[:8] != _PNG or head[12:16] != b"IHDR" or len(head) < 26:
        return None
    return head[24], head[25] in (2, 6)


def jpeg2000_depth(stream: BinaryIO) -> int | None:
    """Read a JPEG 2000 file's bits a sample from its codestream's SIZ marker; None for other files, or where it is not found.

    Pillow shifts samples of 9 to 15 bits up to 16, so that its pixels do not say.
    Source: ISO/IEC 15444-1, A.5.1.
    """
    stream.seek(0)
    head = stream.read(_JP2_HEADER)
    stream.seek(0)
    at = head.find(_CODESTREAM)
    if at < 0 or not (head[:4] == _CODESTREAM or head[4:8] == b"jP  "):
        return None
    sizes = head[at + 4 + 2 + 2 + 32 : at + 4 + 2 + 2 + 32 + 2]
    if len(sizes) < 2:
        return None
    components = struct.unpack(">H", sizes)[0]
    first = at + 4 + 2 + 2 + 32 + 2
    depths = [(head[place] & 0x7F) + 1 for place in range(first, min(first + 3 * components, len(head)), 3)]
    return max(depths, default=None)


def jpeg_precision(stream: BinaryIO) -> int | None:
    """Read a JPEG's bits a sample from its frame header; None for other files.

    Source: ITU-T T.81, B.2.2.
    """
    stream.seek(0)
    try:
        if stream.read(2) != b"\xff\xd8":
            return None
        while True:
            marker = stream.read(4)
            if len(marker) < 4 or marker[0] != 0xFF:
                return None
            if 0xC0 <= marker[1] <= 0xCF and marker[1] not in (0xC4, 0xC8, 0xCC):
                precision = stream.read(1)
                return precision[0] if precision else None
            stream.seek(struct.unpack(">H", marker[2:])[0] - 2, 1)
    finally:
        stream.seek(0)
