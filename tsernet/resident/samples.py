"""Samples that lie on a device, and their augmentation there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tsernet.config import Train
from tsernet.data.pixels import MEAN, STD
from tsernet.data.samples import SampleStore


class Inputs(NamedTuple):
    """One step's: images standardised float32, (B, 3, C, C), channels_last; masks and edges float32 in {0, 1}, (B, 1, C, C)."""

    images: Tensor
    masks: Tensor
    edges: Tensor


class ResidentSamples:
    """A training split on a device as uint8; image, mask and edge of a sample are planes of one tensor, so that they move together.

    Args:
        store: The samples at the training size, all grey or all colour.
        config: For the crop and the scaling.
        device: Where they lie; the attribute of that name too.
    Raises:
        ValueError: If some are grey and some colour.
    """

    def __init__(self, store: SampleStore, config: Train, device: torch.device) -> None:
        self.device = device
        self._side, self._crop, self._scaling = config.augment.resize, config.augment.crop, config.scaling
        planes = [
            np.concatenate([np.atleast_3d(plane).transpose(2, 0, 1) for plane in store[index]]).reshape(-1, self._side**2)
            for index in range(len(store))
        ]
        if len({len(one) for one in planes}) != 1:
            raise ValueError("expected samples that are all grey or all colour, got both")
        self._planes = torch.from_numpy(np.stack(planes)).to(device)
        self._along = torch.arange(self._crop, device=device)
        self._std = torch.from_numpy(STD.reshape(1, 3, 1)).to(device)
        self._offset = torch.from_numpy((MEAN / STD).reshape(1, 3, 1)).to(device)

    def __len__(self) -> int:
        return len(self._planes)

    def inputs(self, moves: Tensor, grains: Tensor) -> Inputs:
        """Cut, mirror, turn and salt a batch, with no wait for the device.

        Args:
            moves: Of a step, (B, 6), as in `Draws`.
            grains: Of a step, (B, G), as in `Draws`.
        """
        taken = self._planes.index_select(0, moves[:, 0])
        sources = self._sources(moves)
        moved = taken.gather(2, sources[:, None].expand(-1, taken.shape[1], -1))
        image, mask, edge = moved[:, :-2], moved[:, -2:-1], moved[:, -1:]
        square = (len(moves), -1, self._crop, self._crop)
        images = self._scaled(self._salted(image, grains)).view(square)
        masks, edges = ((plane > 127).float().view(square) for plane in (mask, edge))
        return Inputs(images.contiguous(memory_format=torch.channels_last), masks, edges)

    def _sources(self, moves: Tensor) -> Tensor:
        """For every pixel of the crop, in rows, the pixel of the sample that comes there: (B, C²)."""
        _, top, left, swapped, by_row, by_column = (column[:, None, None] for column in moves.unbind(1))
        down, across = self._along[:, None], self._along[None, :]
        rows, columns = torch.where(swapped > 0, across, down), torch.where(swapped > 0, down, across)
        rows = torch.where(by_row > 0, self._crop - 1 - rows, rows) + top
        columns = torch.where(by_column > 0, self._crop - 1 - columns, columns) + left
        return (rows * self._side + columns).flatten(1)

    def _salted(self, image: Tensor, grains: Tensor) -> Tensor:
        salt = image.new_full((len(image), 1), 255) if self._scaling == "unit" else image.flatten(1).amax(1, keepdim=True)
        values = torch.where(grains % 2 == 1, salt, torch.zeros_like(salt))
        # One pixel more, for the grains that are none.
        room = torch.nn.functional.pad(image, (0, 1))
        shape = (-1, image.shape[1], -1)
        return room.scatter(2, (grains // 2)[:, None].expand(shape), values[:, None].expand(shape))[:, :, :-1]

    def _scaled(self, image: Tensor) -> Tensor:
        """As `scale_image`, to the last bit."""
        top = image.new_full((len(image), 1, 1), 255) if self._scaling == "unit" else image.flatten(1).amax(1)[:, None, None].clamp_min(1)
        return image.float() * (1.0 / (top.float() * self._std)) - self._offset
