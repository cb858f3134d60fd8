"""Strip-steel images out of a formula: the demo's data and the tests'."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tsernet.data.classes import CLASSES
from tsernet.data.sources.synthetic.texture import Field, Shape, as_levels, cloud, ground, oblique, profile, sides, soft_step

UInt8 = NDArray[np.uint8]

# An image whose mask is outside these shares is drawn anew: the real set's masks are never empty and leave ground to see.
LEAST_COVERAGE, MOST_COVERAGE = 0.002, 0.65


def synthetic_sample(seed: int, class_name: str, index: int, size: int = 200) -> tuple[UInt8, UInt8]:
    """Draw one image of strip steel and its exact mask.

    Equal arguments give equal pixels, whatever else is drawn before or beside it, so images can be made in parallel and
    a larger set begins with the smaller one. Contrast, noise and extents follow what was measured on SD-saliency-900:
    inclusions are faint and nearly always darker than the ground, patches dark on a coarse bright ground, scratches bright.

    Args:
        seed: Of the whole set, at least 0.
        class_name: One of `CLASSES`.
        index: Number of the image in its class, from 1.
        size: Side of the square in pixels, at least 32; features scale with it.
    Returns:
        Image and mask, both uint8 (size, size); the mask holds 0 and 255 only, and both of them.
    Raises:
        ValueError: If the class is unknown.
    """
    if class_name not in CLASSES:
        raise ValueError(f"class_name must be one of {', '.join(CLASSES)}, got {class_name!r}")
    rng = np.random.default_rng([seed, CLASSES.index(class_name), index])
    draw = _DRAW[class_name]
    while True:
        image, depth = draw(rng, size)
        if _plausible(depth > 0):
            break
    return as_levels(image), np.where(depth > 0, 255, 0).astype(np.uint8)


def _plausible(defect: NDArray[np.bool_]) -> bool:
    """Say whether a mask leaves ground to see, also along the frame: else it could be taken for an inverted one."""
    frame = np.concatenate([defect[0], defect[-1], defect[1:-1, 0], defect[1:-1, -1]])
    coverage = float(defect.mean())
    return LEAST_COVERAGE <= coverage <= MOST_COVERAGE and coverage + float(frame.mean()) <= 1.0


def _inclusion(rng: np.random.Generator, size: int) -> tuple[Field, Field]:
    level = rng.uniform(65, 200)
    image = ground(rng, size, level=level, shade=rng.uniform(9, 26), brush=rng.uniform(1.0, 3.0), grain=rng.uniform(1.4, 3.5))
    (body, halo), depth = inclusions(rng, size, level)
    return image + body + halo, depth


def inclusions(rng: np.random.Generator, size: int, level: float) -> tuple[list[Field], Field]:
    """Draw the inclusions of one image.

    Args:
        size: Side of the image in pixels.
        level: Grey level of its ground.
    Returns:
        What they add to the ground, in the order in which it is added; and the depth inside them, negative outside.
    """
    unit = size / 200
    angle = rng.normal(0, 0.06) + (np.pi / 2 if rng.random() < 0.12 else 0.0)
    centre = rng.uniform(0.1, 0.9, 2) * size
    marks = []
    for _ in range(rng.integers(1, 6)):
        length, width = rng.uniform(9, 55) * unit, max(rng.uniform(2.5, 8) * unit, 1.2)
        marks.append(_spindle(rng, size, centre, angle, length, width, wobble=0.35 * width))
        spread = np.array([45.0, 30.0]) if rng.random() < 0.7 else np.array([120.0, 120.0])
        centre = np.clip(centre + rng.normal(0, 1, 2) * spread * unit, 0.04 * size, 0.96 * size)
    depth = np.maximum.reduce(marks)
    # One in twelve is brighter than its ground: scale that reflects.
    contrast = rng.uniform(13, 42) * (-1.0 if rng.random() > 1 / 12 else 0.8) * (0.55 + level / 330)
    body = soft_step(depth, rng.uniform(0.5, 1.1) * unit) * (1 + 0.18 * cloud(rng, size, size / 6, size / 12))
    halo = soft_step(_spindle(rng, size, rng.uniform(0, size, 2), angle, 40 * unit, 9 * unit, 4 * unit), 4 * unit)
    return [contrast * body, -rng.uniform(0, 4) * halo], depth


def _patch(rng: np.random.Generator, size: int) -> tuple[Field, Field]:
    unit = size / 200
    level = rng.uniform(105, 235)
    image = ground(rng, size, level=level, shade=rng.uniform(28, 62), brush=rng.uniform(3, 8), grain=level * rng.uniform(0.055, 0.1))
    marks = []
    for _ in range(rng.integers(1, 4)):
        centre = rng.uniform(0.08, 0.92, 2) * size
        width = rng.uniform(12, 34) * unit
        length = rng.uniform(100, 200) * unit if rng.random() < 0.25 else width * rng.uniform(0.9, 2.2)
        marks.append(_spindle(rng, size, centre, rng.normal(0, 0.25), length, width, wobble=0.3 * width))
    depth = np.maximum.reduce(marks)
    contrast = level * rng.uniform(0.42, 0.7)
    body = soft_step(depth, rng.uniform(1.2, 2.6) * unit) * (1 + 0.14 * cloud(rng, size, size / 7, size / 7))
    # Stains that nobody marked, as on the real ground: fainter, with no border to speak of.
    stain = soft_step(cloud(rng, size, size / 5, size / 6) - 1.1, 0.4) * rng.uniform(0, 0.4) + 0.06 * cloud(rng, size, size / 14, size / 16)
    dots = soft_step(cloud(rng, size, 3.0 * unit, 3.0 * unit) - rng.uniform(3.0, 3.6), 0.1) * 0.5
    calm = 1 - 0.5 * np.clip(body, 0, 1)
    return level + (image - level) * calm - contrast * body - level * (stain + dots) * calm, depth


def _scratch(rng: np.random.Generator, size: int) -> tuple[Field, Field]:
    level = rng.uniform(40, 145)
    image = ground(rng, size, level=level, shade=rng.uniform(6, 28), brush=rng.uniform(1, 4), grain=rng.uniform(1.5, 4))
    (shine, *harmless), depth = scratches(rng, size)
    return image + shine + harmless[0] + harmless[1], depth


def scratches(rng: np.random.Generator, size: int) -> tuple[list[Field], Field]:
    """Draw the scratches of one image, and what is there and no defect; as `inclusions`."""
    unit = size / 200
    turn = np.pi / 2 if rng.random() < 0.25 else 0.0
    marks, shine = [], np.zeros((size, size))
    for _ in range(rng.integers(1, 5)):
        broad = rng.random() < 0.12
        width = (rng.uniform(5, 11) if broad else rng.uniform(1.3, 2.8)) * unit
        mark = _line(rng, size, turn + rng.normal(0, 0.12 if turn else 0.03), max(width, 0.8))
        bright = rng.uniform(30, 110) * (0.7 if broad else 1.0)
        sparkle = np.clip(1 + 0.3 * cloud(rng, size, size / 9, size / 20) + 0.2 * cloud(rng, size, 2.5, 1.5), 0.4, 1.9)
        shine = np.maximum(shine, bright * soft_step(mark, rng.uniform(0.35, 0.7) * unit) * sparkle)
        marks.append(mark)
    return [shine, *blemishes(rng, size)], np.maximum.reduce(marks)


def blemishes(rng: np.random.Generator, shape: Shape) -> list[Field]:
    """Draw what is on clean steel and no defect: rolling lines, whole columns and faint, and dirt.

    Args:
        shape: Of the image; sizes scale with its height.
    """
    size, width = sides(shape)
    rolled = np.clip(profile(rng, width, 2.0 * size / 200) - 2.2, 0, None)[None, :] * rng.uniform(0, 9)
    dirt = soft_step(cloud(rng, shape, size / 30, size / 20) - 2.3, 0.25) * rng.uniform(0, 16)
    return [rolled, -dirt]


def _spindle(
    rng: np.random.Generator, size: int, centre: NDArray[np.float64], angle: float, length: float, width: float, wobble: float
) -> Field:
    """Depth inside a ragged ellipse, in pixels of its short axis; negative outside."""
    along, across = oblique(size, centre, angle)
    stretch = np.clip(length / width, 1.0, 3.0)
    rough = 0.9 * cloud(rng, size, max(1.8 * stretch * width, 4.0), max(1.8 * width, 4.0))
    rough += 0.35 * cloud(rng, size, max(0.5 * stretch * width, 3.0), max(0.5 * width, 3.0))
    bend = profile(rng, size, 0.4 * length + 4)[:, None] * 0.35 * width
    return (1 - np.hypot(along / length, (across + bend) / width)) * width + wobble * rough


def _line(rng: np.random.Generator, size: int, angle: float, width: float) -> Field:
    """Depth inside a scratch in pixels: wandering, of uneven width, often broken; negative outside."""
    along, across = oblique(size, rng.uniform(0.08, 0.92, 2) * size, angle)
    steps = np.arange(3 * size)
    place = np.clip(np.rint(along + 1.5 * size).astype(np.intp), 0, steps[-1])
    wander = (profile(rng, 3 * size, 0.2 * size) * rng.uniform(0, 0.8) * width)[place]
    breadth = (width * np.clip(1 + 0.22 * profile(rng, 3 * size, 0.06 * size), 0.45, 1.6))[place]
    depth: Field = breadth - np.abs(across + wander)
    # A broad band breaks off bluntly, which looks wrong: only fine scratches come in pieces.
    if rng.random() < 0.5 and width < size / 50:
        gaps = profile(rng, 3 * size, rng.uniform(0.07, 0.16) * size)[place]
        depth = np.minimum(depth, (gaps + rng.uniform(0.1, 0.9)) * 3 * width)
    if rng.random() < 0.6:
        depth = np.minimum(depth, rng.uniform(0.12, 0.6) * size - np.abs(along))
    return depth


_DRAW: dict[str, Callable[[np.random.Generator, int], tuple[Field, Field]]] = {
    "inclusion": _inclusion,
    "patch": _patch,
    "scratch": _scratch,
}
