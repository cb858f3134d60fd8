"""Several processes that train one network: each on its part of the batch, and all as one process would on the whole of it.

DDP averages the gradients. What is no plain mean over the batch is made joint with what stands here: BatchNorm's statistics
(`batchnorm_layers`), and the share of edge pixels that weighs the edge loss.
"""

from __future__ import annotations

import os

import torch
from torch import Tensor, distributed


def process_rank() -> int:
    """This process's place among those of its training, before they have found each other; 0 writes and speaks for all.

    `torchrun` sets RANK, Fabric's launcher LOCAL_RANK.
    """
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")))


def world_size() -> int:
    """How many processes train together; 1 where there is only this one."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def all_reduce_sum(values: Tensor) -> Tensor:
    """Sum a tensor over all processes, without a gradient; every process must call it, and all get the same bits."""
    if world_size() == 1:
        return values
    total = values.detach().clone(memory_format=torch.contiguous_format)
    distributed.all_reduce(total)
    return total


def all_reduce_mean(values: Tensor) -> Tensor:
    """Average it, likewise."""
    return all_reduce_sum(values) / world_size()


def all_reduce_max(value: int, device: torch.device) -> int:
    """The largest of all processes' values."""
    if world_size() == 1:
        return value
    largest = torch.tensor(value, device=device)
    distributed.all_reduce(largest, distributed.ReduceOp.MAX)
    return int(largest)
