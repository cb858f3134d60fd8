"""How long a training's steps take."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence


def mean_step(seconds: Mapping[int, Sequence[float]], steps: Mapping[int, int]) -> float | None:
    """Give the mean step of a training whose inputs may change their size: the median of each size, which no pause moves, by its share.

    Args:
        seconds: Measured steps, by the side of their inputs.
        steps: How many steps the training has had, by side, those of earlier processes too.
    Returns:
        Seconds; None where a side that it has had was never measured.
    """
    if not steps or any(not seconds.get(side) for side in steps):
        return None
    return sum(count * statistics.median(seconds[side]) for side, count in steps.items()) / sum(steps.values())
