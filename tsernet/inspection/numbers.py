"""Frames of one strip that are numbered one by one, and what a number that is left out tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

_LAST_NUMBER = re.compile(r"(\d+)(?=\D*$)")


def first_gap(names: Sequence[str]) -> tuple[str, str] | None:
    """Find where a frame seems to be missing.

    Args:
        names: Of the frames, in their order.
    Returns:
        The names before and behind the first number that is left out; None where none is, or most frames are not numbered one by one, as
        names with a time of day are not.
    """
    numbers = [int(match[1]) if (match := _LAST_NUMBER.search(name)) else -1 for name in names]
    steps = [after - before for before, after in pairwise(numbers)]
    if 2 * steps.count(1) < len(steps):
        return None
    return next(((names[index], names[index + 1]) for index, step in enumerate(steps) if step > 1), None)
