"""Scores and a picture sheet of the validation split while a training runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tsernet.config import Params
from tsernet.data.pixels import Picture, read_picture, resize_picture
from tsernet.images.levels import Levels
from tsernet.inference import Predictor, to_uint8
from tsernet.training.history import VALIDATION_COLUMNS, Row

SHOWN = 6
"""So many pictures make a sheet."""
_TILE = 128


class Validator:
    """Scores a network on the validation split, whose pictures it reads once.

    Args:
        prepared: Folder with images/ and masks/.
        names: The validation split; for sheets alone, any samples.
        params: For the input size and the scaling.
        device: Where the network lies.
        levels: Of a set of more than 8 bits.
    """

    def __init__(self, prepared: Path, names: list[str], params: Params, device: torch.device, levels: Levels | None = None) -> None:
        self._names, self._params, self._device = names, params, device
        self._pictures = [read_picture(prepared / "images" / f"{name}.png", levels, max_pixels=None) for name in names]
        self._masks = [read_picture(prepared / "masks" / f"{name}.png", max_pixels=None) for name in names]

    def score(self, network: nn.Module) -> tuple[Row, Picture]:
        """Return the measures, named as in the history, and a sheet: a row of pictures, of masks, of maps."""
        # PySODMetrics takes a second to import, which a training that never validates need not pay.
        from tsernet.metrics import score_pairs

        maps = self._maps(network, range(len(self._names)))
        scores = score_pairs(zip(self._names, maps, self._masks, strict=True))
        row = {column: float(getattr(scores, column.removeprefix("val_"))) for column in VALIDATION_COLUMNS}
        return row, self._sheet({index: maps[index] for index in self._shown()})

    def sheet(self, network: nn.Module) -> Picture:
        """Return such a sheet alone, of a few pictures."""
        shown = self._shown()
        return self._sheet(dict(zip(shown, self._maps(network, shown), strict=True)))

    def _maps(self, network: nn.Module, indices: Sequence[int]) -> list[Picture]:
        settings = self._params.train
        predictor = Predictor(
            network,
            resize=settings.augment.resize,
            scaling=settings.scaling,
            batch_size=settings.batch_size,
            device=self._device,
        )
        return [to_uint8(one) for one in predictor.predict([self._pictures[index] for index in indices])]

    def _shown(self) -> list[int]:
        count = len(self._names)
        return [round(place) for place in np.linspace(0, count - 1, min(SHOWN, count))]

    def _sheet(self, maps: dict[int, Picture]) -> Picture:
        pictures, masks = ([room[index] for index in maps] for room in (self._pictures, self._masks))
        return np.vstack([np.hstack([_tile(one) for one in row]) for row in (pictures, masks, maps.values())])


def _tile(picture: Picture) -> Picture:
    grey = picture if picture.ndim == 2 else picture.mean(axis=2).astype(np.uint8)
    return resize_picture(grey, _TILE)
