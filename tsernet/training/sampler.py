"""Which samples make up which step, as a pure function of (seed, step)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Draw(NamedTuple):
    """A sample's place in the split, the seed of the generator that augments it in this place of the training, and what is cut from it."""

    sample: int
    seed: tuple[int, int, int]
    clean: bool = False


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


def mixed_draws_of_step(
    defective: Sequence[int], clean: Sequence[int], batch_size: int, clean_count: int, seed: int, step: int
) -> list[Draw]:
    """List the draws of a step that holds clean windows, the clean ones last; each kind runs through epochs of its own.

    Args:
        defective: Places in the split of the samples with a defect.
        clean: Places of those from which a clean window can be cut.
        batch_size: Samples in a step, over all devices together.
        clean_count: Of these clean windows, below `batch_size`.
        seed: The training's seed.
        step: From 0.
    """
    rest = batch_size - clean_count
    ordinary = [draw._replace(sample=defective[draw.sample]) for draw in draws_of_step(len(defective), rest, seed, step)]
    places = range(step * clean_count, (step + 1) * clean_count)
    chosen = (clean[int(_epoch(len(clean), seed, place // len(clean), 2)[place % len(clean)])] for place in places)
    return ordinary + [Draw(sample, (seed, 3, place), clean=True) for sample, place in zip(chosen, places, strict=True)]


@lru_cache(maxsize=4)
def _epoch(samples: int, seed: int, epoch: int, stream: int = 0) -> NDArray[np.int64]:
    return np.random.default_rng((seed, stream, epoch)).permutation(samples)
