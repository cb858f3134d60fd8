"""An image with its defects outlined and numbered."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tsernet.data.pixels import ImageArray
from tsernet.defects.runs import Runs
from tsernet.defects.verdict import Found
from tsernet.tiles.rows import RowSource

LONGEST = 4096
"""Pixels of an overlay's longer side; a larger image is reduced."""
_OUTLINE, _LABEL = (230, 60, 40), (255, 225, 70)


def draw_overlay(source: RowSource, rows: tuple[int, int], runs: Runs, found: Sequence[tuple[int, Found]]) -> ImageArray:
    """Draw one frame.

    Args:
        source: The image, or all frames of a strip.
        rows: The frame's first row, and the one after its last.
        runs: Of the marked pixels of all frames.
        found: Defects that begin in this frame, with their numbers; their rows count from the frame's top.
    Returns:
        uint8 (H, W, 3), reduced to at most 4096 pixels.
    """
    begin, end = rows
    scale = min(1.0, LONGEST / max(end - begin, source.width))
    canvas = np.ascontiguousarray(_reduced(source, begin, end, scale))
    inside = runs.take((runs.row >= begin) & (runs.row < end)).below(-begin)
    marked = _marked(inside, canvas.shape[:2], scale)
    contours, _ = cv2.findContours(marked, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    thick = max(1, round(max(canvas.shape[:2]) / 1500))
    cv2.drawContours(canvas, list(contours), -1, _OUTLINE, thick)
    size = max(0.35, min(0.8, min(canvas.shape[:2]) / 1200))
    for number, one in found:
        _label(canvas, str(number), round(one.defect.left * scale), round(one.defect.top * scale), size, thick)
    return canvas


def _label(canvas: ImageArray, text: str, left: int, top: int, size: float, thick: int) -> None:
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size, thick)
    # Above the defect where there is room, and never outside the image.
    x = min(max(left, 1), max(canvas.shape[1] - width - 2, 1))
    y = top - 4 if top - 4 - height > 0 else min(top + height + 4, canvas.shape[0] - 2)
    cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, (0, 0, 0), thick + 2, cv2.LINE_AA)
    cv2.putText(canvas, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, size, _LABEL, thick, cv2.LINE_AA)


def _reduced(source: RowSource, begin: int, end: int, scale: float) -> ImageArray:
    """Read the frame in pieces, and reduce each."""
    height, width = max(1, round((end - begin) * scale)), max(1, round(source.width * scale))
    parts = []
    step = max(1, int(512 * scale))
    for top in range(0, height, step):
        bottom = min(top + step, height)
        low, high = begin + round(top / height * (end - begin)), begin + round(bottom / height * (end - begin))
        piece = Image.fromarray(source.rows(low, max(high, low + 1))).convert("RGB")
        parts.append(np.asarray(piece.resize((width, bottom - top), Image.Resampling.BILINEAR)))
    return np.concatenate(parts)


def _marked(runs: Runs, shape: tuple[int, int], scale: float) -> NDArray[np.uint8]:
    marked = np.zeros(shape, dtype=np.uint8)
    row = np.minimum((runs.row * scale).astype(np.int64), shape[0] - 1)
    begin = np.minimum((runs.begin * scale).astype(np.int64), shape[1] - 1)
    end = np.minimum(np.ceil(runs.end * scale).astype(np.int64), shape[1])
    for one, low, high in zip(row.tolist(), begin.tolist(), end.tolist(), strict=True):
        marked[one, low : max(high, low + 1)] = 1
    return marked
