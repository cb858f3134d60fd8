"""Scores and an image sheet of the validation split while a training runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from tsernet.config import Params
from tsernet.data.pixels import ImageArray, read_image, resize_image
from tsernet.images.levels import Levels
from tsernet.inference import Predictor, to_uint8
from tsernet.protocol import Protocol
from tsernet.runtimes.torch_session import TorchSession
from tsernet.saliency import MapMaker, StripMaps
from tsernet.training.history import VALIDATION_COLUMNS, Row

SHOWN = 6
"""So many images make a sheet."""
_TILE = 128


class Validator:
    """Scores a network on the validation split, whose images it reads once.

    Args:
        prepared: Folder with images/ and masks/.
        names: The validation split; for sheets alone, any samples.
        params: For the input size and the scaling.
        device: Where the network lies.
        levels: Of a set of more than 8 bits.
    """

    def __init__(self, prepared: Path, names: list[str], params: Params, device: torch.device, levels: Levels | None = None) -> None:
        self._names, self._params, self._device = names, params, device
        self._images = [read_image(prepared / "images" / f"{name}.png", levels, max_pixels=None) for name in names]
        self._masks = [read_image(prepared / "masks" / f"{name}.png", max_pixels=None) for name in names]

    def score(self, network: nn.Module) -> tuple[Row, ImageArray]:
        """Return the measures, named as in the history, and a sheet: a row of images, of masks, of maps."""
        # SciPy takes a moment to import, which a training that never validates need not pay.
        from tsernet.metrics import score_pairs

        maps = self._maps(network, range(len(self._names)))
        scores = score_pairs(zip(self._names, maps, self._masks, strict=True))
        row = {column: float(getattr(scores, column.removeprefix("val_"))) for column in VALIDATION_COLUMNS}
        return row, self._sheet({index: maps[index] for index in self._shown()})

    def sheet(self, network: nn.Module) -> ImageArray:
        """Return such a sheet alone, of a few images."""
        shown = self._shown()
        return self._sheet(dict(zip(shown, self._maps(network, shown), strict=True)))

    def _maps(self, network: nn.Module, indices: Sequence[int]) -> list[ImageArray]:
        settings, session = self._params.train, TorchSession(network, self._device)
        if settings.window:
            strip = Protocol("strip", settings.augment.resize, settings.window, settings.scaling)
            maker: MapMaker = StripMaps(session.logits, strip)
        else:
            maker = Predictor(session, resize=settings.augment.resize, scaling=settings.scaling, batch_size=settings.batch_size)
        return [to_uint8(one) for one in maker.predict([self._images[index] for index in indices])]

    def _shown(self) -> list[int]:
        count = len(self._names)
        return [round(place) for place in np.linspace(0, count - 1, min(SHOWN, count))]

    def _sheet(self, maps: dict[int, ImageArray]) -> ImageArray:
        images, masks = ([room[index] for index in maps] for room in (self._images, self._masks))
        return np.vstack([np.hstack([_tile(one) for one in row]) for row in (images, masks, maps.values())])


def _tile(image: ImageArray) -> ImageArray:
    grey = image if image.ndim == 2 else image.mean(axis=2).astype(np.uint8)
    return resize_image(grey, _TILE)
