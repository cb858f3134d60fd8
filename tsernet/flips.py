"""Test-time flips: over which mirror images a map is averaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from tsernet.errors import UserError

Flips = Literal["none", "left_right", "both"]
AXES: dict[Flips, tuple[tuple[int, ...], ...]] = {
    "none": ((),),
    "left_right": ((), (3,)),
    "both": ((), (3,), (2,), (2, 3)),
}
"""Of each: the axes of (B, C, H, W) along which its images are mirrored; the image itself is the first."""


def parse_flips(text: str, name: str = "--flips") -> Flips:
    """Read which mirror images are meant.

    Raises:
        UserError: If it is none of `AXES`.
    """
    if text not in AXES:
        raise UserError(f"{name} is {text[:80]!r}, expected one of: {', '.join(AXES)}")
    return text


def flips_of(metadata: Mapping[str, str]) -> Flips:
    """Read a model's flips from its metadata; `none` where it was made before there were any.

    Raises:
        UserError: As `parse_flips`.
    """
    return parse_flips(metadata.get("flips", "none"), "the model's metadata: flips")
