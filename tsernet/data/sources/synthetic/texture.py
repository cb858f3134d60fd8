"""Random fields the synthetic images are woven from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Field = NDArray[np.float64]
Shape = int | tuple[int, int]
"""Side of a square, or height and width, in pixels."""


def cloud(rng: np.random.Generator, shape: Shape, tall: float, wide: float) -> Field:
    """Smooth noise of zero mean and unit deviation.

    Coarse white noise enlarged bicubically: the same look as a Gaussian filter of that width at a fraction of the time.

    Args:
        shape: Of the field.
        tall: Height of a typical lump in pixels.
        wide: Its width.
    Returns:
        Float64 (H, W).
    """
    height, width = sides(shape)
    rows, columns = max(int(np.ceil(height / tall)), 2) + 3, max(int(np.ceil(width / wide)), 2) + 3
    coarse = Image.fromarray(rng.standard_normal((rows, columns)).astype(np.float32))
    # The outermost cells are cut away: there the enlargement repeats itself.
    box = (1.0, 1.0, min(1.0 + width / wide, columns - 1.0), min(1.0 + height / tall, rows - 1.0))
    field = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC, box=box), dtype=np.float64)
    centred: Field = (field - field.mean()) / max(float(field.std()), 1e-6)
    return centred


def profile(rng: np.random.Generator, length: int, lump: float) -> Field:
    """Smooth noise along a line, unit deviation, not centred: (length,)."""
    knots = max(int(np.ceil(length / lump)), 2) + 3
    values = rng.standard_normal(knots)
    fine = np.interp(np.linspace(0.5, knots - 1.5, length), np.arange(knots), values)
    window = max(int(lump), 1)
    padded = np.pad(fine, (window // 2, window - 1 - window // 2), mode="edge")
    smooth: Field = np.convolve(padded, np.ones(window) / window, mode="valid").astype(np.float64)
    return smooth / max(float(smooth.std()), 1e-6)


def soft_step(depth: Field, softness: float) -> Field:
    """Blend from 0 outside (negative depth) to 1 inside; `softness` in the unit of the depth."""
    return 1 / (1 + np.exp(-np.clip(depth / softness, -30, 30)))


def oblique(size: int, centre: NDArray[np.float64], angle: float) -> tuple[Field, Field]:
    """Coordinates along and across a direction; at angle 0 along is down the strip.

    Args:
        centre: Row and column in pixels.
        angle: In radians from the vertical.
    """
    rows, columns = np.mgrid[0:size, 0:size]
    down, right = rows - centre[0], columns - centre[1]
    return down * np.cos(angle) + right * np.sin(angle), right * np.cos(angle) - down * np.sin(angle)


def ground(rng: np.random.Generator, shape: Shape, *, level: float, shade: float, brush: float, grain: float) -> Field:
    """Bare strip: a grey level under uneven light, brushed along the rolling direction, with sensor noise.

    Args:
        shape: Of the image; its features scale with its height.
        level: Mean grey level.
        shade: Deviation of the uneven light, in grey levels.
        brush: Deviation of the streaks.
        grain: Deviation of the noise, which is a little softer than white.
    """
    size, width = sides(shape)
    light = cloud(rng, shape, size / 1.5, size / 2)
    slope = np.linspace(-1, 1, width)[None, :] * rng.normal() + np.linspace(-1, 1, size)[:, None] * 0.4 * rng.normal()
    streaks = cloud(rng, shape, size / 3, max(size / 120, 1.2)) + 0.6 * cloud(rng, shape, size / 12, max(size / 160, 1.1))
    noise = 0.75 * cloud(rng, shape, 1.6, 1.4) + 0.65 * rng.standard_normal((size, width))
    return level + shade * 0.6 * (light + slope) + brush * 0.85 * streaks + grain * noise


def sides(shape: Shape) -> tuple[int, int]:
    """Give height and width."""
    return (shape, shape) if isinstance(shape, int) else shape


def as_levels(image: Field) -> NDArray[np.uint8]:
    """Round to grey levels; what is beyond black or white is cut off."""
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)
