"""Polygons, boxes, ellipses and lines as pixels, by pycocotools' rule: a pixel whose centre lies inside; whole numbers are edges."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tsernet.annotations.runs import decompress_counts, from_counts
from tsernet.annotations.shapes import Mask, Piece, Point
from tsernet.errors import UserError

_STEPS = 180


def fill(polygons: Sequence[Sequence[Point]], width: int, height: int, where: str) -> Piece:
    """Draw an object's polygons, united.

    Args:
        polygons: Each of three points or more; what lies outside the image is cut off.
        width: Of the image, pixels.
        height: Of the image, pixels.
        where: Named in errors.
    Raises:
        UserError: If there is no polygon, or one has fewer points, or lies farther outside the image than the image is large:
            pycocotools takes memory by a polygon's length, whatever of it is inside.
    """
    from pycocotools import mask as coco

    if not polygons or any(len(one) < 3 for one in polygons):
        raise UserError(f"{where}: expected polygons of three points or more")
    flat = []
    for one in polygons:
        points = np.array(one, dtype=np.float64)
        far = (points < (-width, -height)) | (points > (2 * width, 2 * height))
        if far.any():
            x, y = points[far.any(axis=1)][0]
            raise UserError(f"{where}: the point {x:g}, {y:g} lies far outside the image of {width}×{height} pixels")
        flat.append(points.ravel().tolist())
    code = coco.merge(coco.frPyObjects(flat, height, width))
    return from_counts(decompress_counts(code["counts"].decode("ascii"), width * height, where), width, height, where)


def thick_line(points: Sequence[Point], thickness: float, width: int, height: int) -> Mask:
    """Draw a line of a thickness with round ends, or a dot where there is one point: pixels whose centre is at most half of it away.

    Of two rows that are exactly as far as that, one on either side, one is drawn, so that a line along the pixels' edges is not thicker.
    """
    marked = np.zeros((height, width), dtype=bool)
    reach = thickness / 2
    for ends in zip(points, [*points[1:], points[-1]], strict=True):
        # Downwards: the direction must not decide which of the two rows.
        (x1, y1), (x2, y2) = sorted(ends, key=lambda end: (end[1], end[0]))
        left, right = (int(np.clip(value, 0, width)) for value in (min(x1, x2) - reach - 1, max(x1, x2) + reach + 1))
        top, bottom = (int(np.clip(value, 0, height)) for value in (y1 - reach - 1, y2 + reach + 1))
        x, y = np.meshgrid(np.arange(left, right) + 0.5 - x1, np.arange(top, bottom) + 0.5 - y1)
        along_x, along_y, length = x2 - x1, y2 - y1, math.hypot(x2 - x1, y2 - y1)
        near = np.minimum(np.hypot(x, y), np.hypot(x - along_x, y - along_y)) < reach
        if length:
            aside, along = (x * along_y - y * along_x) / length, (x * along_x + y * along_y) / length
            near |= (-reach < aside) & (aside <= reach) & (along >= 0) & (along <= length)
        marked[top:bottom, left:right] |= near
    if len(points) == 1 and 0 <= points[0][0] < width and 0 <= points[0][1] < height:
        marked[int(points[0][1]), int(points[0][0])] = True  # a thin dot at a corner of pixels reaches no centre
    return marked


def box_corners(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """Give a box's corners."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def ellipse_points(x: float, y: float, radius_x: float, radius_y: float) -> list[Point]:
    """Give points of an ellipse's border, two degrees apart."""
    turns = [2 * math.pi * step / _STEPS for step in range(_STEPS)]
    return [(x + radius_x * math.cos(turn), y + radius_y * math.sin(turn)) for turn in turns]


def turned(points: Sequence[Point], centre: Point, degrees: float) -> list[Point]:
    """Turn points about a centre, clockwise as seen on the screen."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    (x0, y0) = centre
    return [(x0 + (x - x0) * cosine - (y - y0) * sine, y0 + (x - x0) * sine + (y - y0) * cosine) for x, y in points]
