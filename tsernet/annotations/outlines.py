"""Pixels as polygons that a tool can edit: the reverse of drawing. Each object is a region of pixels that touch, at a corner too.

No format of a tool has holes in a polygon: COCO unites the polygons of an object, LabelMe and CVAT have one ring a shape. So a hole is
joined to its outline by a cut, there and back, whose two sides cancel each other wherever polygons are filled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from tsernet.annotations.shapes import Mask, Point

LEAST_IOU = 0.98
"""Of an object as its polygon is drawn and as it was marked; a polygon that gives less is made finer."""


@dataclass(frozen=True)
class Outline:
    """An object: its polygon in the format's own coordinates, its box (left, top, width, height) and its area, pixels."""

    polygon: list[Point]
    box: tuple[int, int, int, int]
    area: int


@dataclass(frozen=True)
class Convention:
    """What coordinates mean to a format's owner, and how it draws.

    Attributes:
        on_edges: Whether whole numbers are the edges of pixels (COCO, CVAT) or their centres (LabelMe).
        draw: Draws a polygon into a mask of this width and height, exactly as the import does.
    """

    on_edges: bool
    draw: Callable[[list[Point], int, int], Mask]


def outlines_of(mask: Mask, convention: Convention, tolerance: float) -> Iterator[Outline]:
    """Give each object's outline.

    Args:
        mask: The marked pixels, bool (H, W).
        convention: Of the format.
        tolerance: How far the outline may leave the exact one, pixels; halved for an object until LEAST_IOU holds.
    """
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    for index in range(1, count):
        left, top, width, height, area = (int(value) for value in boxes[index])
        marked = np.pad(labels[top : top + height, left : left + width] == index, 1)
        polygon = [(x + left - 1, y + top - 1) for x, y in _fitting(marked, convention, tolerance)]
        yield Outline(polygon, (left, top, width, height), area)


def _fitting(marked: Mask, convention: Convention, tolerance: float) -> list[Point]:
    """Simplify an object's outline as far as it stays the object; without any tolerance it is exact."""
    rings = _rings(marked, convention.on_edges)
    height, width = marked.shape
    polygon: list[Point] = []
    for allowed in (tolerance, tolerance / 2, tolerance / 4, 0.0):
        polygon = _joined([_simplified(ring, allowed, convention.on_edges) for ring in rings], convention.on_edges)
        if len(polygon) >= 3:
            drawn = convention.draw(polygon, width, height)
            if (drawn & marked).sum() >= LEAST_IOU * (drawn | marked).sum():
                break
    return polygon


def _rings(marked: Mask, on_edges: bool) -> list[Any]:
    """Trace the outline and then the holes, as points (N, 2): of pixels' centres, or, in half pixels, of their edges."""
    canvas: Any = marked.astype(np.uint8)
    if on_edges:
        # On a grid twice as fine a pixel is a square of three by three points, whose border lies on the pixel's edges.
        canvas = np.zeros((2 * marked.shape[0] + 1, 2 * marked.shape[1] + 1), dtype=np.uint8)
        canvas[1::2, 1::2] = marked
        canvas = cv2.dilate(canvas, np.ones((3, 3), dtype=np.uint8))
    rings, tree = cv2.findContours(canvas, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    is_hole = tree[0, :, 3] >= 0
    order = sorted(range(len(rings)), key=lambda index: bool(is_hole[index]))
    return [rings[index] for index in order]


def _simplified(ring: Any, tolerance: float, on_edges: bool) -> Any:
    scale = 2 if on_edges else 1
    if tolerance:
        ring = cv2.approxPolyDP(ring, tolerance * scale, closed=True)
    return ring.reshape(-1, 2) / scale


def _joined(rings: list[Any], on_edges: bool) -> list[Point]:
    """Make one polygon of an outline and its holes, from left to right: what a hole meets to its left is then part of it already."""
    polygon, *holes = rings
    for hole in sorted(holes, key=lambda ring: float(ring[:, 0].min())):
        ring = np.roll(hole, -int(np.argmin(hole[:, 0])), axis=0)  # from its leftmost point on
        at, meeting = _to_the_left(polygon, ring[0])
        if not on_edges:
            meeting = np.round(meeting)
        polygon = np.concatenate([polygon[: at + 1], [meeting], ring, ring[:1], [meeting], polygon[at + 1 :]])
    points = [(float(x), float(y)) for x, y in polygon]
    # Three points are the least that any tool takes. Pillow draws whole pixels, so that these of a thin object stay in its own.
    while not on_edges and len(points) < 3:
        points.append((points[-1][0] + 0.25, points[-1][1] + 0.25))
    return points


def _to_the_left(polygon: Any, point: Any) -> tuple[int, Any]:
    """Find the side of a polygon that a ray from a point to the left meets first, and where."""
    one, other = polygon, np.roll(polygon, -1, axis=0)
    x, y = point
    rise = other[:, 1] - one[:, 1]
    crosses = (np.minimum(one[:, 1], other[:, 1]) <= y) & (y <= np.maximum(one[:, 1], other[:, 1])) & (rise != 0)
    share = np.divide(y - one[:, 1], rise, out=np.zeros_like(rise), where=rise != 0)
    meets = one[:, 0] + share * (other[:, 0] - one[:, 0])
    meets = np.where(crosses & (meets <= x), meets, -np.inf)
    at = int(np.argmax(meets))
    if np.isfinite(meets[at]):
        return at, np.array([meets[at], y])
    # A simplified hole may come to lie outside its simplified outline.
    at = int(np.argmin(((polygon - point) ** 2).sum(axis=1)))
    return at, polygon[at]
