"""Clean steel and wide strip out of the same formulas: what a mill's camera sees most of the time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tsernet.data.sources.synthetic.sample import UInt8, blemishes, inclusions, scratches
from tsernet.data.sources.synthetic.texture import Field, as_levels, ground

PANELS = 4
"""A wide image is so many times as wide as high."""

_CLEAN, _WIDE = 100, 101
"""Keep the random numbers apart from those of the classes."""


def synthetic_clean(seed: int, index: int, size: int = 200) -> tuple[UInt8, UInt8]:
    """Draw one image of strip without a defect, though with rolling lines and dirt.

    Args:
        seed: Of the whole set, at least 0.
        index: Number of the image, from 1.
        size: Side of the square in pixels, at least 32.
    Returns:
        Image and mask, both uint8 (size, size); the mask is 0.
    """
    rng = np.random.default_rng([seed, _CLEAN, index])
    image = _strip(rng, (size, size), rng.uniform(50, 180))
    return as_levels(image), np.zeros((size, size), dtype=np.uint8)


def synthetic_strip(seed: int, index: int, size: int = 200) -> tuple[UInt8, UInt8]:
    """Draw one wide image of strip with a few inclusions and scratches, most of it clean.

    Args:
        seed: Of the whole set, at least 0.
        index: Number of the image, from 1.
        size: Height in pixels, at least 32; the width is `PANELS` times that. A defect is as large as in a square of this size.
    Returns:
        Image and mask, both uint8 (size, PANELS·size); the mask holds 0 and 255 only, and both of them.
    """
    rng = np.random.default_rng([seed, _WIDE, index])
    level = rng.uniform(60, 150)
    image = _strip(rng, (size, PANELS * size), level)
    mask = np.zeros(image.shape, dtype=np.uint8)
    for panel in rng.permutation(PANELS)[: rng.integers(1, PANELS // 2 + 1)]:
        columns = slice(panel * size, (panel + 1) * size)
        added, defect = _defects(rng, size, level)
        image[:, columns] += added
        mask[:, columns] = np.where(defect, 255, 0)
    return as_levels(image), mask


def _strip(rng: np.random.Generator, shape: tuple[int, int], level: float) -> Field:
    image = ground(rng, shape, level=level, shade=rng.uniform(6, 20), brush=rng.uniform(1, 4), grain=rng.uniform(1.5, 4))
    for blemish in blemishes(rng, shape):
        image = image + blemish
    return image


def _defects(rng: np.random.Generator, size: int, level: float) -> tuple[Field, NDArray[np.bool_]]:
    """Draw defects that end within their panel: one that is cut off at its edge would look like nothing on a strip."""
    while True:
        (added, *_), depth = inclusions(rng, size, level) if rng.random() < 0.5 else scratches(rng, size)
        defect = depth > 0
        if defect.mean() > 0.002 and not defect[:, [0, -1]].any():
            # What is left of it outside fades towards the neighbours.
            return added * np.clip(np.minimum(np.arange(size), np.arange(size)[::-1]) * 20 / size, 0, 1), defect
