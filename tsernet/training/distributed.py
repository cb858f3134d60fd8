"""Several processes that train one network: each on its part of the batch, and all as one process would on the whole of it.

DDP averages the gradients. What is no plain mean over the batch is made joint here: BatchNorm's statistics, and the share of
edge pixels that weighs the edge loss.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import Tensor, distributed, nn

NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm)
"""The layers that hold statistics of batches."""


def process_rank() -> int:
    """This process's place among those of its training, before they have found each other; 0 writes and speaks for all.

    `torchrun` sets RANK, Fabric's launcher LOCAL_RANK.
    """
    return int(os.environ.get("RANK", os.environ.get("LOCAL_RANK", "0")))


def world_size() -> int:
    """How many processes train together; 1 where there is only this one."""
    return distributed.get_world_size() if distributed.is_initialized() else 1


def all_reduce_mean(values: Tensor) -> Tensor:
    """Average a tensor over all processes, differentiably; every process must call it, and all get the same bits."""
    count = world_size()
    if count == 1:
        return values
    total: Tensor = _JointSum.apply(values)
    return total / count


def all_reduce_max(value: int, device: torch.device) -> int:
    """The largest of all processes' values."""
    if world_size() == 1:
        return value
    largest = torch.tensor(value, device=device)
    distributed.all_reduce(largest, distributed.ReduceOp.MAX)
    return int(largest)


class _JointSum(torch.autograd.Function):
    """Sum over all processes. A value counts in every process's sum, so its gradient is the sum of theirs."""

    @staticmethod
    def forward(_: Any, values: Tensor) -> Tensor:
        total = values.detach().clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total


class JointBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm over the batches of all processes, on any device; torch's SyncBatchNorm knows GPUs only.

    The processes' batches must be of one size.
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise (B, C, H, W): by the joint batch's statistics in training, else by the running ones."""
        if not self.training:
            return super().forward(features)
        values = features.float() if features.dtype == torch.bfloat16 else features
        own_variance, own_mean = torch.var_mean(values, dim=(0, 2, 3), correction=0)
        mean = all_reduce_mean(own_mean)
        variance = all_reduce_mean(own_variance + (own_mean - mean) ** 2)
        self._remember(mean.detach(), variance.detach(), values.numel() // values.shape[1] * world_size())
        scale = self.weight * torch.rsqrt(variance + self.eps)
        normed = (values - mean[:, None, None]) * scale[:, None, None] + self.bias[:, None, None]
        return normed.to(features.dtype)

    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        weight = 1.0 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, weight)
        self.running_var.lerp_(variance * (count / (count - 1)), weight)


def use_joint_batchnorm(network: nn.Module, device: torch.device) -> None:
    """Make every BatchNorm of the network one over all processes, in place: torch's own kernel on GPUs, ours elsewhere."""
    if device.type == "cuda":
        nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]  # torch leaves it unannotated
        return
    for parent in list(network.modules()):
        for name, layer in parent.named_children():
            if isinstance(layer, nn.BatchNorm2d):
                joint = JointBatchNorm2d(layer.num_features, layer.eps, layer.momentum).to(layer.weight)
                joint.load_state_dict(layer.state_dict())
                setattr(parent, name, joint)
