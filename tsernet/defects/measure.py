"""Area, box, length, width, orientation and saliency of a defect, from its runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tsernet.defects.rectangle import smallest_rectangle
from tsernet.defects.runs import Runs

_IN_PIXEL = 1.0 / 24.0
"""Added to a variance: a pixel stands for a square, whose own variance is 1/12 along its sides; sampled at its centre it has none.
Half of it is right on the average over all angles."""
_GRID = 0.7
"""By how much the extent of pixel centres falls short of a shape's, in the mean over angles: 1 along the rows, 0.71 across them."""
_COMPACT = 0.7
"""Of its smallest rectangle, what a straight shape fills: an ellipse π/4, a rectangle all. Below, a shape is bent or ragged."""
_RECTANGLE, _ELLIPSE = 0.9, 0.8


@dataclass(frozen=True)
class Defect:
    """A connected group of marked pixels, in pixels of the image.

    Attributes:
        left, top, right, bottom: Its box, right and bottom not included.
        area: Pixels.
        length, width: Of the straight shape that it is nearest to, a rectangle or an ellipse; of a bent or ragged one, the sides of the
            smallest rectangle around it.
        angle: Of its length, degrees in (-90, 90], from the row's direction, counter-clockwise as seen.
        mean, peak: Of its saliency, in [0, 1].
        edge_distance: From its box to the nearer of the strip's left and right edge; 0 where it touches.
    """

    left: int
    top: int
    right: int
    bottom: int
    area: int
    length: float
    width: float
    angle: float
    mean: float
    peak: float
    edge_distance: int


def measure(runs: Runs, strip_width: int) -> Defect:
    """Measure one defect.

    Args:
        runs: All of one group, at least one.
        strip_width: Of the image, pixels.
    """
    lengths = (runs.end - runs.begin).astype(np.float64)
    area = float(lengths.sum())
    left, right = int(runs.begin.min()), int(runs.end.max())
    top, bottom = int(runs.row[0]), int(runs.row[-1]) + 1
    length, width, angle = _shape(runs, lengths, area)
    return Defect(
        left=left,
        top=top,
        right=right,
        bottom=bottom,
        area=int(area),
        length=length,
        width=width,
        angle=angle,
        mean=min(float(runs.total.sum()) / area, 1.0),
        peak=float(runs.peak.max()),
        edge_distance=min(left, strip_width - right),
    )


def _shape(runs: Runs, lengths: NDArray[np.float64], area: float) -> tuple[float, float, float]:
    """Give length, width and angle.

    A rectangle of sides L and W has the standard deviations L/√12 and W/√12 along them, an ellipse of axes L and W L/4 and W/4; which of
    the two it is nearer to, its share of the smallest rectangle around it says.
    """
    middle = (runs.begin + runs.end - 1) / 2.0
    x, y = float((lengths * middle).sum() / area), float((lengths * runs.row).sum() / area)
    across, down = middle - x, runs.row - y
    # Of a run of n pixels around its middle the squares sum up to n(n² − 1)/12.
    xx = float((lengths * across**2 + lengths * (lengths**2 - 1) / 12.0).sum() / area) + _IN_PIXEL
    yy = float((lengths * down**2).sum() / area) + _IN_PIXEL
    xy = float((lengths * across * down).sum() / area)
    half, root = (xx + yy) / 2.0, math.hypot((xx - yy) / 2.0, xy)
    long = math.sqrt(half + root)
    around = smallest_rectangle(runs.row, runs.begin, runs.end - 1)
    sides = around.length + _GRID, around.width + _GRID
    fill = area / (sides[0] * sides[1])
    if fill < _COMPACT:
        return *sides, _angle(around.across, around.down)
    share = min(max((fill - _ELLIPSE) / (_RECTANGLE - _ELLIPSE), 0.0), 1.0)
    length = long * (4.0 + share * (math.sqrt(12.0) - 4.0))
    # The area is exact where the variance of a hairline is mostly that of its pixels.
    width = min(area * (4.0 / math.pi + share * (1.0 - 4.0 / math.pi)) / length, length)
    turn = 0.5 * math.atan2(2.0 * xy, xx - yy)
    return length, width, _angle(math.cos(turn), math.sin(turn))


def _angle(across: float, down: float) -> float:
    # Rows grow downwards; as seen, an angle grows upwards.
    degrees = math.degrees(math.atan2(-down, across))
    degrees = (degrees + 90.0) % 180.0 - 90.0
    return 90.0 if abs(degrees + 90.0) < 1e-6 else degrees
