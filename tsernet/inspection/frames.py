"""Frames of a line camera, one below the other, as one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Self

import numpy as np

from tsernet.data.pixels import ImageArray
from tsernet.tiles.rows import RowSource

Opener = Callable[[], AbstractContextManager[RowSource]]


class StackedRows:
    """Consecutive frames as one tall image; one frame is open at a time.

    Args:
        openers: Open each frame, the first one's top first.
        heights: Of the frames, pixels.
        width: Of all frames, pixels.
    """

    def __init__(self, openers: Sequence[Opener], heights: Sequence[int], width: int) -> None:
        self._openers = openers
        self._tops = np.cumsum([0, *heights])
        self.height, self.width = int(self._tops[-1]), width
        self._open: tuple[int, RowSource] | None = None
        self._held = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    def rows(self, begin: int, end: int) -> ImageArray:
        """Give rows, which may lie in several frames; colour where any of these is."""
        first, last = (int(np.searchsorted(self._tops, row, side="right")) - 1 for row in (begin, end - 1))
        parts = []
        for index in range(first, last + 1):
            top = int(self._tops[index])
            source = self._frame(index)
            parts.append(source.rows(max(begin - top, 0), min(end - top, source.height)))
        if any(part.ndim == 3 for part in parts):
            parts = [part if part.ndim == 3 else np.repeat(part[..., None], 3, axis=2) for part in parts]
        return np.concatenate(parts)

    def _frame(self, index: int) -> RowSource:
        if self._open is None or self._open[0] != index:
            self._held.close()
            self._open = (index, self._held.enter_context(self._openers[index]()))
        return self._open[1]
