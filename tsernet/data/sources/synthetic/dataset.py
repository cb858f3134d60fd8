"""The synthetic set as files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tsernet.config import Synthetic
from tsernet.data.atomic import png_bytes
from tsernet.data.classes import CLASSES, PREFIXES
from tsernet.data.progress import in_parallel
from tsernet.data.sources.synthetic.sample import synthetic_sample


def make_synthetic(config: Synthetic, target: Path) -> None:
    """Draw the set into `target`/images and `target`/masks, named as SD-saliency-900 names its own: In_1.png."""
    for room in ("images", "masks"):
        (target / room).mkdir()
    prefixes = {class_name: prefix for prefix, class_name in PREFIXES.items()}
    items = [(name, number, f"{prefixes[name]}_{number}.png") for name in CLASSES for number in range(1, config.per_class + 1)]
    for _ in in_parallel(partial(_draw, config, target), items, "drawing images"):
        pass


def _draw(config: Synthetic, target: Path, item: tuple[str, int, str]) -> None:
    class_name, number, file_name = item
    image, mask = synthetic_sample(config.seed, class_name, number, config.size)
    (target / "images" / file_name).write_bytes(png_bytes(image))
    (target / "masks" / file_name).write_bytes(png_bytes(mask))
