"""The kinds of defect, and what an image's name says of them."""

from __future__ import annotations

import re

CLASSES = ("inclusion", "patch", "scratch")
"""In the order of the paper's figures."""

PREFIXES = {"In": "inclusion", "Pa": "patch", "Sc": "scratch"}
"""How SD-saliency-900 names its files: In_1, Pa_300."""

UNNAMED = "defect"
"""The class of images of which nothing is known."""

CLEAN = "clean"
"""The class of images whose mask is empty, where no other is given."""

STRIP = "strip"
"""The class of the synthetic set's wide images, which have defects of several classes."""

_NUMBERED = re.compile(r"(In|Pa|Sc)_([1-9]\d*)")


def class_and_number(name: str) -> tuple[str, int] | None:
    """Read class and number out of a name such as Pa_101; None if it is not of that form."""
    match = _NUMBERED.fullmatch(name)
    return (PREFIXES[match[1]], int(match[2])) if match else None
