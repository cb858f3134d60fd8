"""What goes into each step of a training, as tensors where the network lies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tsernet.config import Train
from tsernet.data.samples import SampleStore
from tsernet.training.distributed import process_rank, world_size
from tsernet.training.sampler import draws_of_step


class Batch(NamedTuple):
    """One step's samples.

    Attributes:
        names: Of all processes' samples.
        images: This process's, standardised float32, (B, 3, C, C).
        masks, edges: Likewise, float32 in {0, 1}, (B, 1, C, C).
    """

    names: list[str]
    images: Tensor
    masks: Tensor
    edges: Tensor


class Batches:
    """Makes the batch of any step; nothing is remembered from one to the next.

    Args:
        store: The training split.
        config: For batch size, augmentation and scaling.
        seed: The training's.
        device: Where the tensors go; to a GPU they travel while it still works on the step before.
        memory_format: Of the images.
    """

    def __init__(self, store: SampleStore, config: Train, seed: int, device: torch.device, memory_format: torch.memory_format) -> None:
        self._store, self._config, self._seed = store, config, seed
        self._device, self._format = device, memory_format

    def of_step(self, step: int) -> Batch:
        """Draw and augment the samples of a step from 0: of the whole batch, every process its share."""
        draws = draws_of_step(len(self._store), self._config.batch_size, self._seed, step)
        own = draws[process_rank() :: world_size()]
        drawn = [self._store.draw(draw.sample, self._config.augment, self._config.scaling, draw.seed) for draw in own]
        images, masks, edges = (self._to_device(np.stack(planes)) for planes in zip(*drawn, strict=True))
        names = [self._store.names[draw.sample] for draw in draws]
        return Batch(names, images.contiguous(memory_format=self._format), masks, edges)

    def _to_device(self, planes: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(planes)
        return tensor.pin_memory().to(self._device, non_blocking=True) if self._device.type == "cuda" else tensor
