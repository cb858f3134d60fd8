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
from tsernet.data.windows import CleanPlaces, Window, clean_places, draw_window
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
    """Prepared samples by index: resized once to the training size or, with a window, kept whole for windows to be cut from them.

    Args:
        prepared: Folder with images/, masks/ and edges/.
        names: Sample names, without suffix.
        size: Side to which a sample, or a window of it, is resized, pixels.
        levels: Of a set of more than 8 bits.
        window: Side of the windows, original pixels; 0 takes every image whole.
    """

    def __init__(self, prepared: Path, names: list[str], size: int, levels: Levels | None = None, window: int = 0) -> None:
        self.names = names
        self._prepared = prepared
        self._size = size
        self._levels = levels
        self._window = window
        self._clean: dict[int, CleanPlaces] = {}
        self._samples: list[Sample] | None = None
        if names and self._fit_in_memory():
            with ThreadPoolExecutor() as pool:
                self._samples = list(pool.map(self.decode, names))

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        return self._samples[index] if self._samples is not None else self.decode(self.names[index])

    def draw(self, index: int, config: Augment, scaling: str, seed: tuple[int, ...]) -> TrainingSample:
        """Augment the sample at `index`, or a window of it, with the generator that `seed` names: the same seed gives the same pixels."""
        rng = np.random.default_rng(seed)
        sample = self[index]
        if self._window:
            if sample.mask.shape != (self._window, self._window):
                sample = _mirrored(_cut(sample, draw_window(sample.mask, self._window, rng)), self._window, rng)
            sample = self._resized(sample)
        return augment(sample, config, scaling, rng)

    def draw_clean(self, index: int, config: Augment, scaling: str, seed: tuple[int, ...]) -> TrainingSample:
        """Augment a clean window of the sample at `index`, one of those that `split_by_defects` found for it."""
        rng = np.random.default_rng(seed)
        window = self._clean[index].draw(rng)
        sample = _cut(self[index], window)
        # Half of what is too small keeps its scale and is mirrored to size, half is enlarged: else a coarse texture would mean clean.
        if window.side < self._window and rng.random() < 0.5:
            sample = _mirrored(sample, self._window, rng)
        return augment(self._resized(sample), config, scaling, rng)

    def split_by_defects(self) -> tuple[list[int], list[int]]:
        """Find the samples with a defect, and those from which a clean window can be cut; a sample may be among both.

        Raises:
            UserError: If there are none of either kind.
        """
        with ThreadPoolExecutor() as pool:
            found = list(pool.map(self._look, range(len(self))))
        self._clean = {index: places for index, (_, places) in enumerate(found) if places}
        defective = [index for index, (marked, _) in enumerate(found) if marked]
        for kind, indices in (("with a defect", defective), ("with room for a clean window", self._clean)):
            if not indices:
                raise UserError(f"train.clean_share: expected training samples {kind}, got none of {len(self)}; set it to 0, or add some")
        return defective, list(self._clean)

    def _look(self, index: int) -> tuple[bool, CleanPlaces]:
        sample = self[index]
        return bool(sample.mask.any()), clean_places(sample.image, sample.mask, self._window or min(sample.mask.shape))

    def _fit_in_memory(self) -> bool:
        one = sum(plane.nbytes for plane in self.decode(self.names[0]))
        return one * len(self.names) < _MEMORY_SHARE * psutil.virtual_memory().available

    def decode(self, name: str) -> Sample:
        """Read a sample from the disk: at the training size or, with a window, at its own."""
        paths = (self._prepared / room / f"{name}.png" for room in ("images", "masks", "edges"))
        # Prepare held the files against validate.max_pixels: a second limit here would only contradict it.
        sample = Sample(*(read_image(path, self._levels, max_pixels=None) for path in paths))
        return sample if self._window else self._resized(sample)

    def _resized(self, sample: Sample) -> Sample:
        return Sample(resize_image(sample.image, self._size), resize_mask(sample.mask, self._size), resize_mask(sample.edge, self._size))


def _cut(sample: Sample, window: Window) -> Sample:
    return Sample(*(window.of(plane) for plane in sample))


def _mirrored(sample: Sample, side: int, rng: np.random.Generator) -> Sample:
    """Fill a window that is larger than the image by its mirror image: enlarged, it would be of another scale."""
    rows, columns = (side - length for length in sample.mask.shape)
    if not rows and not columns:
        return sample
    before = rng.integers(rows + 1, size=2) if rows == columns else (rng.integers(rows + 1), rng.integers(columns + 1))
    around = [(int(one), missing - int(one)) for one, missing in zip(before, (rows, columns), strict=True)]
    return Sample(*(np.pad(plane, [*around, (0, 0)][: plane.ndim], mode="symmetric") for plane in sample))
