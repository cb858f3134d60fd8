"""What goes into each step of a training, as tensors where the network lies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from tsernet.config import Augment, Train
from tsernet.data.augment import TrainingSample, montage
from tsernet.data.samples import SampleStore
from tsernet.training.distributed import process_rank, world_size
from tsernet.training.sampler import Draw, draws_of_step, mixed_draws_of_step


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


def clean_count(config: Train) -> int:
    """Say how many of a step's samples are clean windows: the share, to the nearest whole one, and never the whole batch."""
    return min(round(config.clean_share * config.batch_size), config.batch_size - 1)


class Batches:
    """Makes the batch of any step; nothing is remembered from one to the next.

    Args:
        stores: The training split, by the side to which it is resized: all sides of `config.augment` and `config.progressive`.
        config: For batch size, augmentation and scaling.
        seed: The training's.
        device: Where the tensors go; to a GPU they travel while it still works on the step before.
        memory_format: Of the images.
    """

    def __init__(
        self, stores: Mapping[int, SampleStore], config: Train, seed: int, device: torch.device, memory_format: torch.memory_format
    ) -> None:
        self._stores, self._config, self._seed = stores, config, seed
        self._device, self._format = device, memory_format
        self._names = stores[config.augment.resize].names
        self._clean_count = clean_count(config)
        # Every store must look for itself; with windows all hold whole images, and find the same.
        found = [store.split_by_defects() for store in stores.values()] if self._clean_count else []
        self._defective, self._clean = found[0] if found else ([], [])

    def of_step(self, step: int, full_size: bool = False) -> Batch:
        """Draw and augment the samples of a step from 0: of the whole batch, every process its share.

        Args:
            step: From 0.
            full_size: At the sides that the training ends with, whatever the step's own.
        """
        config = self._config.augment if full_size else self._config.augment_of_step(step)
        draws = self._draws(step)
        own = draws[process_rank() :: world_size()]
        drawn = [self._draw(draw, config) for draw in own]
        images, masks, edges = (self._to_device(np.stack(planes)) for planes in zip(*drawn, strict=True))
        names = [self._names[draw.sample] for draw in draws]
        return Batch(names, images.contiguous(memory_format=self._format), masks, edges)

    def _draws(self, step: int) -> list[Draw]:
        size = self._config.batch_size
        if not self._clean_count:
            return draws_of_step(len(self._names), size, self._seed, step)
        return mixed_draws_of_step(self._defective, self._clean, size, self._clean_count, self._seed, step)

    def _draw(self, draw: Draw, config: Augment) -> TrainingSample:
        own = self._one(draw.sample, config, draw.clean, draw.seed)
        if not self._config.montage:
            return own
        rng = np.random.default_rng((*draw.seed, 1))
        if rng.random() >= self._config.montage:
            return own
        others = (self._clean if draw.clean else self._defective) or range(len(self._names))
        chosen = [others[int(place)] for place in rng.integers(len(others), size=3)]
        parts = (self._one(one, config, draw.clean, (*draw.seed, 2 + index)) for index, one in enumerate(chosen))
        return montage([own, *parts], rng)

    def _one(self, sample: int, config: Augment, clean: bool, seed: tuple[int, ...]) -> TrainingSample:
        store = self._stores[config.resize]
        return (store.draw_clean if clean else store.draw)(sample, config, self._config.scaling, seed)

    def _to_device(self, planes: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(planes)
        return tensor.pin_memory().to(self._device, non_blocking=True) if self._device.type == "cuda" else tensor
