"""An image with its defects outlined and numbered."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from tsernet.data.pixels import ImageArray
from tsernet.defects.runs import Runs
from tsernet.defects.verdict import Found
from tsernet.tiles.rows import RowSource

LONGEST = 4096
"""Pixels of an overlay's longer side; a larger image is reduced."""
_OUTLINE, _LABEL = (230, 60, 40), (255, 225, 70)
_FONT = 10, 24
"""Pixels that a label is high, at least and at most."""
_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def draw_overlay(source: RowSource, rows: tuple[int, int], runs: Runs, found: Sequence[tuple[int, Found]]) -> ImageArray:
    """Draw one frame.

    Args:
        source: The image, or all frames of a strip.
        rows: The frame's first row, and the one after its last.
        runs: Of the defects' pixels in all frames.
        found: Defects that begin in this frame, with their numbers; their rows count from the frame's top.
    Returns:
        uint8 (H, W, 3), reduced to at most 4096 pixels.
    """
    begin, end = rows
    scale = min(1.0, LONGEST / max(end - begin, source.width))
    canvas = _reduced(source, begin, end, scale)
    inside = runs.take((runs.row >= begin) & (runs.row < end)).below(-begin)
    marked = _marked(inside, canvas.shape[:2], scale)
    thick = max(1, round(max(marked.shape) / 1500))
    outline = marked & ~ndimage.binary_erosion(marked)
    canvas[ndimage.binary_dilation(outline, np.ones((thick, thick))) if thick > 1 else outline] = _OUTLINE
    labelled = Image.fromarray(canvas)
    draw = ImageDraw.Draw(labelled)
    font = ImageFont.load_default(max(_FONT[0], min(_FONT[1], max(marked.shape) / 60)))
    for number, one in found:
        _label(draw, font, str(number), round(one.defect.left * scale), round(one.defect.top * scale), thick)
    return np.asarray(labelled)


def _label(draw: ImageDraw.ImageDraw, font: _Font, text: str, left: int, top: int, thick: int) -> None:
    x0, y0, x1, y1 = draw.textbbox((0, 0), text, font=font, stroke_width=thick)
    width, height = draw.im.size
    # Above the defect where there is room, and never outside the image.
    x = min(max(left, 0), max(width - (x1 - x0), 0))
    y = top - 4 - (y1 - y0)
    y = y if y >= 0 else min(top + 4, max(height - (y1 - y0), 0))
    draw.text((x - x0, y - y0), text, _LABEL, font, stroke_width=thick, stroke_fill=(0, 0, 0))


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


def _marked(runs: Runs, shape: tuple[int, int], scale: float) -> NDArray[np.bool_]:
    marked = np.zeros(shape, dtype=bool)
    row = np.minimum((runs.row * scale).astype(np.int64), shape[0] - 1)
    begin = np.minimum((runs.begin * scale).astype(np.int64), shape[1] - 1)
    end = np.minimum(np.ceil(runs.end * scale).astype(np.int64), shape[1])
    for one, low, high in zip(row.tolist(), begin.tolist(), end.tolist(), strict=True):
        marked[one, low : max(high, low + 1)] = True
    return marked
