"""A small good set in which one thing at a time is spoilt."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.validation import Outcome, check_data
from tsernet.config import Params
from tsernet.data.prepare import prepare
from tsernet.data.splits import make_splits, write_splits
from tsernet.images.levels import Levels

SIDE = 64
PER_CLASS = 5


@dataclass
class World:
    """A dataset on disk and what is done with it."""

    root: Path
    params: Params
    levels: Levels | None = None
    scale: int | None = None
    relist: Callable[[dict[str, list[str]]], None] = field(default=lambda parts: None)

    @property
    def raw(self) -> Path:
        return self.root / "raw"

    def image(self, name: str) -> Path:
        return self.raw / "images" / f"{name}.png"

    def mask(self, name: str) -> Path:
        return self.raw / "masks" / f"{name}.png"

    def pixels(self, name: str) -> NDArray[np.uint8]:
        return np.array(Image.open(self.image(name)))

    def mask_pixels(self, name: str) -> NDArray[np.uint8]:
        return np.array(Image.open(self.mask(name)))

    @staticmethod
    def read(path: Path) -> NDArray[np.uint8]:
        with Image.open(path) as image:
            return np.array(image)

    def label(self, name: str, class_name: str, group: str = "") -> None:
        with (self.raw / "labels.csv").open("a", newline="") as lines:
            csv.writer(lines).writerow([name, class_name, group])

    def run(self) -> Sequence[Outcome]:
        rows = prepare(self.raw, self.root / "prepared", 3, 1_000_000, has_levels=self.levels is not None)
        parts = make_splits(rows, self.params.split, "synthetic")
        self.relist(parts)
        write_splits(parts, rows, self.root / "splits", self.levels)
        return check_data(self.root / "prepared", self.root / "splits", self.params.validate_, "folder", scale=self.scale)
