"""Label Studio's brush: runs of bytes packed to bits, over the RGBA bytes of the image, row by row.

Source: the format of @thi.ng/rle-pack, which Label Studio's editor uses. 32 bits: how many words follow; 5: a word's size less one; four
times 4: sizes of the lengths, less one. Then, until all words are there: 1 bit, whether one word is repeated; 2: which of the four sizes;
the length less one; the word, or as many words as the length says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsernet.annotations.shapes import Mask
from tsernet.errors import UserError

_HEADER_BITS = 32 + 5 + 4 * 4


def from_brush(code: bytes, width: int, height: int, where: str) -> Mask:
    """Draw a brush's code: what is not fully transparent is marked.

    Args:
        code: The list under `rle`, as bytes.
        width: Of the image, pixels.
        height: Of the image, pixels.
        where: Named in errors.
    Raises:
        UserError: If the code is not one of four bytes for each pixel of the image; said before anything of its size is made.
    """
    bits = _Bits(code, where)
    if len(code) * 8 < _HEADER_BITS:
        raise UserError(f"{where}: the brush's code ends within its head")
    count, word = bits.take(32), bits.take(5) + 1
    if (count, word) != (4 * width * height, 8):
        raise UserError(
            f"{where}: the brush's code holds {count} words of {word} bits, expected {4 * width * height} of 8 for {width}×{height} pixels"
        )
    sizes = [bits.take(4) + 1 for _ in range(4)]
    values: NDArray[np.uint8] = np.zeros(count, dtype=np.uint8)
    at = 0
    while at < count:
        repeated = bits.take(1)
        end = at + bits.take(sizes[bits.take(2)]) + 1
        if end > count:
            raise UserError(f"{where}: the brush's code holds more than its {count} bytes")
        values[at:end] = bits.take(8) if repeated else bits.take_bytes(end - at)
        at = end
    marked: Mask = values.reshape(height, width, 4)[..., 3] > 0
    return marked


class _Bits:
    """Numbers read one after another from packed bits, the highest bit first."""

    def __init__(self, code: bytes, where: str) -> None:
        self._code = code
        self._where = where
        self._at = 0

    def take(self, size: int) -> int:
        """Read a number of at most 32 bits."""
        window = self._window(size)
        return (int.from_bytes(window, "big") >> (-self._at % 8)) & ((1 << size) - 1)

    def take_bytes(self, count: int) -> NDArray[np.uint8]:
        """Read bytes, which may lie across those of the code."""
        shift = self._at % 8
        window = np.frombuffer(self._window(8 * count), dtype=np.uint8)
        if not shift:
            return window
        joined: NDArray[np.uint8] = np.left_shift(window[:-1], shift, dtype=np.uint8) | np.right_shift(
            window[1:], 8 - shift, dtype=np.uint8
        )
        return joined

    def _window(self, size: int) -> bytes:
        first, self._at = self._at, self._at + size
        if self._at > 8 * len(self._code):
            raise UserError(f"{self._where}: the brush's code ends too early")
        return self._code[first // 8 : -(-self._at // 8)]
