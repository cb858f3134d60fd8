"""The prepared samples of a split, decoded once and held in memory as uint8 where they fit."""

from __future__ import annotations

import csv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import psutil

from tsernet.config import Augment
from tsernet.data.augment import Sample, TrainingSample, augment
from tsernet.data.pixels import read_image, resize_image, resize_mask
from tsernet.errors import UserError
from tsernet.images.levels import Levels

# Above this share of the free memory the samples are decoded anew each time.
_MEMORY_SHARE = 0.5


def read_split(path: Path) -> list[str]:
    """Read the sample names of a split file (a CSV with the column `name`), in the file's order.

    Raises:
        UserError: If the file is missing or lacks the column.
    """
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            rows = csv.DictReader(lines)
            if rows.fieldnames is None or "name" not in rows.fieldnames:
                raise UserError(f"{path}: expected a column 'name', got {rows.fieldnames}")
            return [row["name"] for row in rows]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


class SampleStore:
    """Prepared samples by index, resized once to the training size.

    Args:
        prepared: Folder with images/, masks/ and edges/.
        names: Sample names, without suffix.
        size: Side to which everything is resized, pixels.
        levels: Of a set of more than 8 bits.
    """

    def __init__(self, prepared: Path, names: list[str], size: int, levels: Levels | None = None) -> None:
        self.names = names
        self._prepared = prepared
        self._size = size
        self._levels = levels
        self._samples: list[Sample] | None = None
        if names and self._fit_in_memory():
            with ThreadPoolExecutor() as pool:
                self._samples = list(pool.map(self.decode, names))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        return self._samples[index] if self._samples is not None else self.decode(self.names[index])

    def draw(self, index: int, config: Augment, scaling: str, seed: tuple[int, ...]) -> TrainingSample:
        """Augment the sample at `index` with the generator that `seed` names: the same seed gives the same pixels."""
        return augment(self[index], config, scaling, np.random.default_rng(seed))

    def _fit_in_memory(self) -> bool:
        one = sum(plane.nbytes for plane in self.decode(self.names[0]))
        return one * len(self.names) < _MEMORY_SHARE * psutil.virtual_memory().available

    def decode(self, name: str) -> Sample:
        """Read a sample from the disk, at the training size."""
        paths = (self._prepared / room / f"{name}.png" for room in ("images", "masks", "edges"))
        # Prepare held the files against validate.max_pixels: a second limit here would only contradict it.
        image, mask, edge = (read_image(path, self._levels, max_pixels=None) for path in paths)
        return Sample(resize_image(image, self._size), resize_mask(mask, self._size), resize_mask(edge, self._size))
