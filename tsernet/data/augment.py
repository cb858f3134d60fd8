"""What chance does to a training sample, as a pure function of a random generator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tsernet.config import Augment
from tsernet.data.pixels import ImageArray, scale_image


class Sample(NamedTuple):
    """One sample as stored: image uint8 (S, S) or (S, S, 3); mask and edge uint8 (S, S) of 0 and 255."""

    image: ImageArray
    mask: ImageArray
    edge: ImageArray


class TrainingSample(NamedTuple):
    """One sample as the network sees it: image float32 (3, C, C) standardised; mask and edge float32 (1, C, C) in {0, 1}."""

    image: NDArray[np.float32]
    mask: NDArray[np.float32]
    edge: NDArray[np.float32]


class Chances(NamedTuple):
    """What was drawn for one sample: where its crop begins, how that is mirrored, how often then turned left, whether it gets noise."""

    top: int
    left: int
    flip_rows: bool
    flip_columns: bool
    turns: int
    noisy: bool


def draw_chances(side: int, config: Augment, rng: np.random.Generator) -> Chances:
    """Draw what happens to a sample of this side, in a fixed order; the places of its noise are drawn from `rng` after this."""
    top, left = rng.integers(side - config.crop + 1, size=2).tolist()
    rows, columns = False, False
    if config.flip.up_down or config.flip.left_right:
        rows, columns = (rng.random(2) < (config.flip.up_down, config.flip.left_right)).tolist()
    turns = int(rng.integers(4)) if config.rotate else 0
    return Chances(top, left, rows, columns, turns, bool(rng.random() < config.noise.probability))


def augment(sample: Sample, config: Augment, scaling: str, rng: np.random.Generator) -> TrainingSample:
    """Crop, flip, turn and add salt and pepper, all drawn from `rng` in a fixed order.

    The crop is uniform over all offsets; the released code never draws the last one.

    Source: Han et al., TIM 2022, section IV-A2 (256 → random 224 crop, salt-and-pepper noise).
    """
    chances = draw_chances(sample.mask.shape[0], config, rng)
    image, mask, edge = (_moved(plane, config.crop, chances) for plane in sample)
    if chances.noisy:
        image = salt_and_pepper(image, config.noise.amount, 255 if scaling == "unit" else int(image.max()), rng)
    return TrainingSample(scale_image(image, scaling), _binary(mask), _binary(edge))


def montage(parts: Sequence[TrainingSample], rng: np.random.Generator) -> TrainingSample:
    """Lay four samples side by side in two rows and cut one of their size out, so that their seams lie anywhere in it.

    What the parts show moves with the seams: a network that saw every window at one place alone is worth less at any other. A quarter of
    the time there is no seam in a direction, and no movement.

    Args:
        parts: Four samples of one size.
        rng: Chooses where to cut.
    """
    side = parts[0].mask.shape[-1]
    row, column = (0 if rng.random() < 0.25 else int(rng.integers(side // 8, side - side // 8)) for _ in range(2))
    above, below = (zip(*parts[first : first + 2], strict=True) for first in (0, 2))
    laid = (np.block([[*upper], [*lower]]) for upper, lower in zip(above, below, strict=True))
    return TrainingSample(*(plane[:, row : row + side, column : column + side] for plane in laid))


def salt_and_pepper(image: ImageArray, amount: float, salt: int, rng: np.random.Generator) -> ImageArray:
    """Set a share of the pixels, drawn with replacement, to `salt` or to 0 with even odds.

    Args:
        image: uint8, (H, W) or (H, W, 3); not changed.
        amount: Share of the pixels in [0, 1].
        salt: The bright value.
    """
    noisy = np.ascontiguousarray(image).copy()
    height, width = noisy.shape[:2]
    places, bright = draw_grains(height * width, amount, rng)
    flat = noisy.reshape(height * width, -1)
    flat[places] = np.where(bright, salt, 0).astype(np.uint8)[:, None]
    return noisy


def draw_grains(pixels: int, amount: float, rng: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Draw the places of salt and pepper among so many pixels, with repeats, of which the last counts; and which of them are salt."""
    places = rng.integers(pixels, size=round(amount * pixels))
    return places, rng.random(len(places)) < 0.5


def _moved(plane: ImageArray, size: int, chances: Chances) -> ImageArray:
    crop = plane[chances.top : chances.top + size, chances.left : chances.left + size]
    flipped = crop[:: -1 if chances.flip_rows else 1, :: -1 if chances.flip_columns else 1]
    return np.rot90(flipped, chances.turns) if chances.turns else flipped


def _binary(mask: ImageArray) -> NDArray[np.float32]:
    return (mask > 127)[None].astype(np.float32)
