"""Which samples make up which step, as a pure function of (seed, step)."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Draw(NamedTuple):
    """A sample's place in the split, and the seed of the generator that augments it in this place of the training."""

    sample: int
    seed: tuple[int, int, int]


def draws_of_step(samples: int, batch_size: int, seed: int, step: int) -> list[Draw]:
    """List the draws of one step.

    Samples run through one shuffled epoch after another, so that each is seen once an epoch; a step that crosses the
    border takes from both. Nothing depends on earlier steps, so a resumed training needs no replay.

    Args:
        samples: Size of the training split, at least 1.
        batch_size: Samples in a step, over all devices together.
        seed: The training's seed.
        step: From 0.
    """
    places = range(step * batch_size, (step + 1) * batch_size)
    return [Draw(int(_epoch(samples, seed, place // samples)[place % samples]), (seed, 1, place)) for place in places]


@lru_cache(maxsize=4)
def _epoch(samples: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng((seed, 0, epoch)).permutation(samples)
