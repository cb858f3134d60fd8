"""The smallest rectangle, turned as it may be, around points on a grid."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_TIE = 1e-9
"""Areas closer than this, relatively, are equal: of a right triangle's three rectangles the longest is taken, not what rounding picks."""


class Rectangle(NamedTuple):
    """A rectangle's longer and shorter side, and the direction of the longer, a unit vector along columns and rows."""

    length: float
    width: float
    across: float
    down: float


def smallest_rectangle(row: NDArray[np.int64], begin: NDArray[np.int64], last: NDArray[np.int64]) -> Rectangle:
    """Find the rectangle of least area; one of its sides lies along a side of the convex hull.

    Args:
        row: Of each run of pixels, ascending; (N,), N ≥ 1.
        begin, last: Its first and its last column; (N,) each.
    """
    starts = np.flatnonzero(np.diff(row, prepend=row[0] - 1))
    rows = row[starts] - row[0]
    left, right = np.minimum.reduceat(begin, starts), np.maximum.reduceat(last, starts)
    hull = np.array([*_chain(zip(left, rows, strict=True), 1), *reversed(_chain(zip(right, rows, strict=True), -1))], dtype=np.float64)
    steps = np.roll(hull, -1, axis=0) - hull
    lengths = np.hypot(*steps.T)
    if not lengths.any():
        return Rectangle(0.0, 0.0, 1.0, 0.0)
    along = steps[lengths > 0] / lengths[lengths > 0, None]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1)
    sides = np.stack([np.ptp(hull @ along.T, axis=0), np.ptp(hull @ normal.T, axis=0)])
    areas = sides.prod(axis=0)
    least = np.flatnonzero(areas <= areas.min() * (1 + _TIE))
    best = least[sides[:, least].max(axis=0).argmax()]
    length, width = (float(side) for side in sides[:, best])
    direction = along[best] if length >= width else normal[best]
    return Rectangle(max(length, width), min(length, width), float(direction[0]), float(direction[1]))


def _chain(points: Iterable[tuple[Any, Any]], side: int) -> list[tuple[int, int]]:
    """Keep the corners of the hull's left (side 1) or right (−1) half, from top to bottom."""
    chain: list[tuple[int, int]] = []
    for x, y in ((int(one), int(other)) for one, other in points):
        while len(chain) > 1:
            (x0, y0), (x1, y1) = chain[-2:]
            if side * ((x1 - x0) * (y - y0) - (y1 - y0) * (x - x0)) < 0:
                break
            chain.pop()
        chain.append((x, y))
    return chain
