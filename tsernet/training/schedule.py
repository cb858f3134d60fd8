"""Learning rate by step, and the rule "until the loss converges"."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tsernet.config import Optimiser, Plateau


def learning_rate(step: int, iterations: int, config: Optimiser) -> float:
    """Learning rate of a step counted from 0: a linear warm-up, then constant (the paper's) or half a cosine to zero."""
    if step < config.warmup:
        return config.lr * (step + 1) / config.warmup
    if config.schedule == "constant":
        return config.lr
    share = (step - config.warmup) / max(iterations - config.warmup, 1)
    return config.lr * 0.5 * (1.0 + math.cos(math.pi * share))


def ema_decay(step: int, decay: float) -> float:
    """Decay of the averaged weights at a step from 0; it starts low, so that the random start is forgotten."""
    return min(decay, (1.0 + step) / (10.0 + step))


def has_converged(losses: Sequence[float], config: Plateau) -> bool:
    """Whether the mean of the last window is less than `tolerance` (relative) below the mean of the window before."""
    window = config.window
    if window == 0 or len(losses) < 2 * window:
        return False
    before = math.fsum(losses[-2 * window : -window]) / window
    last = math.fsum(losses[-window:]) / window
    return last > before * (1.0 - config.tolerance)
