"""The synthetic set as files."""

from __future__ import annotations

import csv
from functools import partial
from pathlib import Path

from tsernet.config import Synthetic
from tsernet.data.atomic import png_bytes
from tsernet.data.classes import CLASSES, CLEAN, PREFIXES, STRIP
from tsernet.data.progress import in_parallel
from tsernet.data.sources.synthetic.sample import synthetic_sample
from tsernet.data.sources.synthetic.strip import synthetic_clean, synthetic_strip

_OTHERS = {CLEAN: "clean", STRIP: "wide"}
"""What is drawn besides the three classes, and the key that says how many."""


def make_synthetic(config: Synthetic, target: Path) -> None:
    """Draw the set into `target`/images and `target`/masks.

    Squares with a defect are named as SD-saliency-900 names its own, In_1.png, the others clean_1.png and strip_1.png; labels.csv has the
    classes of the latter.
    """
    for room in ("images", "masks"):
        (target / room).mkdir()
    prefixes = {class_name: prefix for prefix, class_name in PREFIXES.items()}
    items = [(name, number, f"{prefixes[name]}_{number}.png") for name in CLASSES for number in range(1, config.per_class + 1)]
    others = [(name, number, f"{name}_{number}.png") for name in _OTHERS for number in range(1, getattr(config, _OTHERS[name]) + 1)]
    if others:
        with (target / "labels.csv").open("w", newline="", encoding="utf-8") as lines:
            csv.writer(lines, lineterminator="\n").writerows([("name", "class"), *((Path(file).stem, name) for name, _, file in others)])
    items += others
    for _ in in_parallel(partial(_draw, config, target), items, "drawing images"):
        pass


def _draw(config: Synthetic, target: Path, item: tuple[str, int, str]) -> None:
    class_name, number, file_name = item
    if class_name in _OTHERS:
        image, mask = (synthetic_clean if class_name == CLEAN else synthetic_strip)(config.seed, number, config.size)
    else:
        image, mask = synthetic_sample(config.seed, class_name, number, config.size)
    (target / "images" / file_name).write_bytes(png_bytes(image))
    (target / "masks" / file_name).write_bytes(png_bytes(mask))
