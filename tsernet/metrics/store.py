"""A scored set of images on disk, and back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tsernet.errors import UserError
from tsernet.metrics.measures import Counts
from tsernet.metrics.scores import Scores, Single


@dataclass(frozen=True, slots=True)
class ImageCurves:
    """What resampling and reliability need of every image.

    `f_curves` and `e_curves` are (count, 256) by ascending threshold; `histograms` (count, 2, 256): background and defect pixels by value.
    """

    names: tuple[str, ...]
    f_curves: Single
    e_curves: Single
    histograms: Counts

    @classmethod
    def of(cls, scores: Scores) -> ImageCurves:
        """Take them from scores."""
        return cls(tuple(row.name for row in scores.per_image), scores.f_curves, scores.e_curves, scores.histograms)

    def write(self, path: Path) -> None:
        """Write a compressed .npz, whole or not at all."""
        part = path.with_name(f"{path.name}.part")
        with part.open("wb") as file:
            np.savez_compressed(
                file,
                names=np.array(self.names),
                f_curves=self.f_curves,
                e_curves=self.e_curves,
                histograms=self.histograms.astype(np.int32),
            )
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> ImageCurves:
        """Read what `write` wrote.

        Raises:
            UserError: If the file is missing or is another one.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                names = tuple(str(name) for name in file["names"])
                return cls(names, file["f_curves"], file["e_curves"], file["histograms"].astype(np.int64))
        except (OSError, KeyError, ValueError) as error:
            raise UserError(f"{path}: expected the curves that evaluate writes, cannot be read: {error}") from None
