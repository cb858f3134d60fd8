"""What chance decides for many steps at once, as tables that a device reads step by step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tsernet.config import Train
from tsernet.data.augment import Chances, draw_chances, draw_grains
from tsernet.errors import UserError
from tsernet.training.sampler import draws_of_step
from tsernet.training.schedule import learning_rate


class Draws(NamedTuple):
    """The draws of S steps of B samples each.

    Attributes:
        moves: int64, (S, B, 6): sample, top and left of the crop, whether rows and columns are swapped, rows reversed, columns reversed.
        grains: int64, (S, B, G): twice the pixel of each grain of noise, and one more where it is salt; the rest of a row points behind
            the last pixel.
        rates: float32, (S,): the learning rates.
    """

    moves: Tensor
    grains: Tensor
    rates: Tensor

    def copy_from(self, other: Draws) -> None:
        """Take over the draws of other steps, at most as many; what is left stays."""
        for own, new in zip(self, other, strict=True):
            own[: len(new)].copy_(new, non_blocking=True)


def require_plain(config: Train) -> None:
    """Refuse what a resident training cannot do.

    Raises:
        UserError: Naming the key.
    """
    optimiser, augment = config.optimiser, config.augment
    asked = {
        "train.window": config.window,
        "train.clean_share": config.clean_share,
        "train.montage": config.montage,
        "train.progressive": config.progressive,
        "train.plateau.window": config.plateau.window,
        "train.optimiser.ema": optimiser.ema,
        "train.optimiser.clip_norm": optimiser.clip_norm,
    }
    if wrong := [key for key, value in asked.items() if value]:
        raise UserError(f"{', '.join(wrong)}: not part of Algorithm 1 as published, which is all that this trains; set it to 0 or []")
    known = {"resize", "crop", "noise", "flip", "rotate"}
    if other := set(type(augment).model_fields) - known:
        different = [key for key in sorted(other) if getattr(augment, key) != type(augment).model_fields[key].default]
        if different:
            raise UserError(f"train.augment.{different[0]}: not part of Algorithm 1 as published, which is all that this trains")


def draw_steps(samples: int, config: Train, seed: int, first: int, count: int) -> Draws:
    """Draw the steps from `first` on: the same samples, crops, flips, turns and grains that `tsernet.training` draws for them.

    Args:
        samples: Size of the training split.
        config: For batch size, augmentation and learning rate.
        seed: The training's.
        first: From 0.
        count: How many steps.
    """
    size, augment = config.batch_size, config.augment
    pixels = augment.crop * augment.crop
    moves = np.zeros((count, size, 6), dtype=np.int64)
    grains = np.full((count, size, round(augment.noise.amount * pixels)), 2 * pixels, dtype=np.int64)
    for step in range(count):
        for place, draw in enumerate(draws_of_step(samples, size, seed, first + step)):
            rng = np.random.default_rng(draw.seed)
            chances = draw_chances(augment.resize, augment, rng)
            moves[step, place] = (draw.sample, *_move(chances))
            if chances.noisy:
                places, bright = draw_grains(pixels, augment.noise.amount, rng)
                # Of several grains on a pixel the last counts; on a device none is the last.
                last = np.unique(places[::-1], return_index=True)[1]
                grains[step, place, : len(last)] = (2 * places + bright)[::-1][last]
    rates = np.array([learning_rate(first + step, config.iterations, config.optimiser) for step in range(count)], dtype=np.float32)
    return Draws(*(torch.from_numpy(table) for table in (moves, grains, rates)))


def _move(chances: Chances) -> tuple[int, int, bool, bool, bool]:
    """Put flips and turns together: whether rows and columns are swapped, and then rows and columns reversed, of the crop.

    Turned to the left once, pixel (i, j) is the crop's (j, C − 1 − i); twice, (C − 1 − i, C − 1 − j); thrice, (C − 1 − j, i).
    """
    rows, columns = chances.turns in (2, 3), chances.turns in (1, 2)
    return chances.top, chances.left, chances.turns % 2 == 1, rows != chances.flip_rows, columns != chances.flip_columns
