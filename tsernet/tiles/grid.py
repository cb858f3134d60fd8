"""Where tiles lie, and what each weighs at a pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MULTIPLE = 32
"""The network halves its input five times: tiles begin at multiples of this, so that one pixel meets the same strides in each of them."""


@dataclass(frozen=True)
class TileGrid:
    """Tiles of one axis, which overlap by two margins.

    In the outer half of its margin a tile weighs nothing, since the network sees zeros beyond the tile there; then its weight rises
    smoothly.
    At every pixel the weights of all tiles sum to 1.

    Attributes:
        side: Of a tile, pixels; a multiple of 32.
        margin: A multiple of 32, at most a quarter of the side, so that no pixel lies in three tiles.
        origin: Where the grid begins, a multiple of 32 from 0 to `stride` - 32: the first tile begins so much before the image.

    Raises:
        ValueError: If they are not so.
    """

    side: int
    margin: int
    origin: int = 0

    def __post_init__(self) -> None:
        whole = all(value % MULTIPLE == 0 for value in (self.side, self.margin, self.origin))
        if not (whole and 0 < 4 * self.margin <= self.side and 0 <= self.origin < self.stride):
            raise ValueError(f"expected multiples of {MULTIPLE} with 0 < 4·margin ≤ side and 0 ≤ origin < stride, got {self}")

    @property
    def stride(self) -> int:
        """Pixels from one tile to the next."""
        return self.side - 2 * self.margin

    def spans(self, length: int) -> list[tuple[int, int]]:
        """List the tiles over an axis, as (begin, end) within it.

        Args:
            length: Of the axis, pixels; a multiple of 32.
        """
        if length <= self.side - self.origin:
            return [(0, length)]
        found = []
        begin = -self.origin
        while True:
            end = begin + self.side
            found.append((max(begin, 0), min(end, length)))
            if end >= length:
                return found
            begin += self.stride

    def weights(self, spans: list[tuple[int, int]]) -> list[NDArray[np.float32]]:
        """Give each tile's weights along the axis, float32 (end - begin,) each; 1 where no other tile lies.

        Args:
            spans: As `spans` lists them.
        """
        found = []
        for index, (begin, end) in enumerate(spans):
            weight = np.ones(end - begin, dtype=np.float32)
            if index > 0:
                overlap = spans[index - 1][1] - begin
                weight[:overlap] *= _rise(overlap)
            if index + 1 < len(spans):
                overlap = end - spans[index + 1][0]
                weight[-overlap:] *= _rise(overlap)[::-1]
            found.append(weight)
        return found


def _rise(overlap: int) -> NDArray[np.float32]:
    """Rise from 0 to 1 over the middle half of an overlap; with its mirror image it sums to 1."""
    place = (np.arange(overlap, dtype=np.float64) + 0.5) / overlap
    ramp = np.clip(2.0 * place - 0.5, 0.0, 1.0)
    return (0.5 - 0.5 * np.cos(np.pi * ramp)).astype(np.float32)
