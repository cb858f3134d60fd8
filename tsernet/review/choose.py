"""A choice of images: the most worth first, each against what was chosen before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tsernet.data.pixels import ImageArray

_SIDE = 16
Vector = NDArray[np.float32]


@dataclass(frozen=True)
class Chosen:
    """A chosen image.

    Attributes:
        index: Its place in what was given.
        value: Worth times novelty when it was chosen, in [0, 1].
        nearest: Place of the image chosen before it that it looks most like; None for the first.
        likeness: To that one, in [0, 1]; 1 is the same.
    """

    index: int
    value: float
    nearest: int | None
    likeness: float


def descriptor(image: ImageArray, saliency: NDArray[np.uint8]) -> Vector:
    """Describe what an image looks like and where its map is bright, apart from brightness and contrast.

    Args:
        image: uint8, (H, W) or (H, W, 3).
        saliency: Its map, uint8 (H, W).
    Returns:
        float32 (512,) of length 1, or 0 for a flat image with a flat map; the dot product of two is their likeness, at most 1.
    """
    parts = []
    for plane in (image, saliency):
        small = np.asarray(Image.fromarray(plane).convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float32).ravel()
        small -= small.mean()
        length = float(np.linalg.norm(small))
        parts.append(small / length if length > 0 else small)
    joined = np.concatenate(parts)
    length = float(np.linalg.norm(joined))
    vector: Vector = (joined / length if length > 0 else joined).astype(np.float32)
    return vector


def choose(worth: Sequence[float], descriptors: Sequence[Vector], budget: int) -> list[Chosen]:
    """Choose images one after the other: always the one whose worth times novelty is highest.

    An image's novelty is 1 − likeness² to the most alike of those chosen before: 0.1 for one that is nearly the same (0.95), so that
    near duplicates wait until all else that is worth anything is taken.

    Args:
        worth: (N,), in [0, 1].
        descriptors: N vectors as `descriptor` gives them.
        budget: So many at most.
    Returns:
        The chosen, the first one first; of equals the one that was given first.
    """
    values, vectors = np.asarray(worth, dtype=np.float64), np.asarray(descriptors, dtype=np.float32)
    likeness, nearest = np.zeros(len(values)), np.full(len(values), -1)
    free = np.ones(len(values), dtype=bool)
    chosen: list[Chosen] = []
    while len(chosen) < min(budget, len(values)):
        now = np.where(free, values * (1.0 - likeness**2), -1.0)
        index = int(now.argmax())
        near = int(nearest[index])
        chosen.append(Chosen(index, float(now[index]), near if near >= 0 else None, float(likeness[index])))
        free[index] = False
        to_this = np.clip(vectors @ vectors[index], 0.0, 1.0)
        closer = to_this > likeness
        likeness, nearest = np.where(closer, to_this, likeness), np.where(closer, index, nearest)
    return chosen
