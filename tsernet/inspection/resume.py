"""An inspection's marked pixels, kept band by band: a call that was killed is gone on with where it stood."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tsernet.data.partial import whole_file
from tsernet.defects.runs import Runs, runs_of_rows
from tsernet.tiles.predictor import Band
from tsernet.tiles.rows import RowSource


class BandMaker(Protocol):
    """Makes the map of an image band by band."""

    def bands(self, source: RowSource, first: int = 0) -> Iterator[Band]:
        """Make the bands from `first` on."""
        ...

    def count(self, source: RowSource) -> int:
        """Say how many bands there are."""
        ...


@dataclass(frozen=True)
class Kept:
    """Where an image's bands are kept, until they are complete in one file.

    Attributes:
        folder: Of this image, these weights and these settings alone, `maps` among them.
    """

    folder: Path

    @property
    def done(self) -> Path:
        """The runs of the whole image."""
        return self.folder / "runs.npz"

    def band(self, index: int) -> Path:
        """The runs of one band."""
        return self.folder / f"band-{index:06d}.npz"


def inspect_rows(
    source: RowSource, maker: BandMaker, threshold: float, kept: Kept, advance: Callable[[int, int], None], maps: bool = False
) -> Runs:
    """Find the marked pixels of an image, taking from earlier calls what they finished.

    Args:
        source: The image.
        maker: Of its map.
        threshold: From this saliency on a pixel is marked.
        kept: Where finished bands are.
        advance: Told (bands done, bands in all).
        maps: Whether to keep the bands' 8-bit maps too, for `map_of`.
    """
    if kept.done.is_file():
        advance(count := maker.count(source), count)
        return _read(kept.done)
    kept.folder.mkdir(parents=True, exist_ok=True)
    count = maker.count(source)
    known = next((index for index in range(count) if not kept.band(index).is_file()), count)
    advance(known, count)
    if known < count:
        for index, band in enumerate(maker.bands(source, known), start=known):
            runs = runs_of_rows(band.saliency, threshold, band.top)
            extra = {"map": np.rint(band.saliency * 255.0).astype(np.uint8)} if maps else {}
            _write(kept.band(index), {**asdict(runs), **extra})
            advance(index + 1, count)
    try:
        runs = Runs.join([_read(kept.band(index)) for index in range(count)])
    except FileNotFoundError:
        # Another call on the same image and folder was done first, and has removed them.
        return _read(kept.done)
    _write(kept.done, asdict(runs))
    if not maps:
        for index in range(count):
            kept.band(index).unlink(missing_ok=True)
    return runs


def map_of(kept: Kept) -> NDArray[np.uint8]:
    """Put the bands' maps together: uint8 (H, W)."""
    parts = []
    for path in sorted(kept.folder.glob("band-*.npz")):
        with np.load(path) as file:
            parts.append(file["map"])
    return np.concatenate(parts)


def _read(path: Path) -> Runs:
    with np.load(path) as file:
        return Runs(*(file[key] for key in ("row", "begin", "end", "total", "peak")))


def _write(path: Path, arrays: dict[str, NDArray[np.generic]]) -> None:
    with whole_file(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # the stub takes no mapping of arrays
        file.flush()
        os.fsync(file.fileno())
