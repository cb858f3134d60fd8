"""BatchNorm as a training computes it: over the batches of all its processes, and on CPUs fast for few channels too.

PyTorch's CPU kernel keeps the sums of its threads side by side, a row of channels each. Where a row fills no whole cache line, two
threads write to one line and take longer than one of them alone (docs/explanation/performance.md).
"""

from __future__ import annotations

from math import gcd
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from tsernet.training.distributed import all_reduce_mean, all_reduce_sum, world_size

NORMS = (nn.BatchNorm2d, nn.SyncBatchNorm)
"""The layers that hold statistics of batches."""

_LINE = 16
"""Values of float32 in a cache line."""
_LARGE = 2**19
"""From so many values on the kernel's threads lose more than the steps here cost, measured on two cores."""


def use_training_norms(network: nn.Module, device: torch.device, is_compiled: bool = False) -> None:
    """Put layers for a training in the place of BatchNorm's, in place: ours on a CPU, PyTorch's joint ones on several GPUs.

    Args:
        network: Not set up for an optimizer yet: the layers' parameters are new ones.
        device: Where it is trained.
        is_compiled: By torch.compile, which writes a kernel of its own for PyTorch's layer, and is left that one in a single process.
    """
    if world_size() > 1 and device.type != "cpu":
        _replace(network, nn.SyncBatchNorm)
    elif world_size() > 1 or (device.type == "cpu" and not is_compiled):
        _replace(network, TrainingBatchNorm2d)


def use_plain_norms(network: nn.Module) -> None:
    """Undo `use_training_norms`: what is saved knows PyTorch's BatchNorm alone."""
    _replace(network, nn.BatchNorm2d)


def _replace(network: nn.Module, kind: type[nn.BatchNorm2d | nn.SyncBatchNorm]) -> None:
    for parent in list(network.modules()):
        for name, layer in parent.named_children():
            if isinstance(layer, NORMS) and type(layer) is not kind:
                other = kind(layer.num_features, layer.eps, layer.momentum).to(layer.weight).train(layer.training)
                other.load_state_dict(layer.state_dict())
                setattr(parent, name, other)


class TrainingBatchNorm2d(nn.BatchNorm2d):
    """BatchNorm over the batches of all processes, which must be of one size; torch's SyncBatchNorm knows GPUs only.

    Pixels side by side count as channels until they fill a cache line: the same memory, seen as (B, kC, H, W/k).
    """

    def forward(self, features: Tensor) -> Tensor:
        """Normalise (B, C, H, W): by the joint batch's statistics in training, else by the running ones."""
        if not self.training:
            return super().forward(features)
        together = _pixels_together(features)
        pays = together > 1 and features.numel() >= _LARGE and features.dtype == torch.float32
        if not pays and world_size() == 1:
            return super().forward(features)
        values = features.float() if features.dtype == torch.bfloat16 else features
        normed, mean, variance = _Normalise.apply(values, self.weight, self.bias, self.eps, together)
        self._remember(mean, variance, values.numel() // values.shape[1] * world_size())
        result: Tensor = normed.to(features.dtype)
        return result

    @torch.no_grad()
    def _remember(self, mean: Tensor, variance: Tensor, count: int) -> None:
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        self.num_batches_tracked += 1
        weight = 1.0 / int(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, weight)
        self.running_var.lerp_(variance * (count / (count - 1)), weight)


class _Normalise(torch.autograd.Function):
    """(x − μ)/σ·w + b with μ and σ² of the joint batch, which it gives as well."""

    @staticmethod
    def forward(ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, eps: float, together: int) -> tuple[Tensor, Tensor, Tensor]:
        means, variances = torch.ops.aten.batch_norm_update_stats(_joined(features, together), None, None, 0.0)
        means, variances = means.view(together, -1).double(), variances.view(together, -1).double()
        # In float64, where a sum of squares loses nothing.
        mean, square = all_reduce_mean(torch.stack((means.mean(dim=0), (variances + means * means).mean(dim=0))))
        variance = (square - mean * mean).clamp_min(0).to(features.dtype)
        mean = mean.to(features.dtype)
        inverse = torch.rsqrt(variance + eps)
        scale = weight * inverse
        ctx.save_for_backward(features, mean, inverse, scale)
        ctx.together = together
        ctx.mark_non_differentiable(mean, variance)
        return torch.addcmul(_along_rows(bias - mean * scale, features), features, _along_rows(scale, features)), mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        features, mean, inverse, scale = ctx.saved_tensors
        if ctx.together > 1:
            gradient = gradient.contiguous(memory_format=torch.channels_last)
        own = _sums(gradient, features, mean, inverse, ctx.together)
        # ∂L/∂x = w/σ·(g − Σg/n − (x − μ)/σ·Σ(g·(x − μ)/σ)/n), as one multiple of x and one of g; the sums are the joint batch's.
        by_weight, by_bias = -all_reduce_sum(own) * (scale * len(mean) / (features.numel() * world_size()))
        slope = by_weight * inverse
        by_features = torch.addcmul(_along_rows(by_bias - slope * mean, features), features, _along_rows(slope, features))
        return by_features.addcmul_(gradient, _along_rows(scale, features)), own[0], own[1], None, None


def _sums(gradient: Tensor, features: Tensor, mean: Tensor, inverse: Tensor, together: int) -> Tensor:
    """Sum g·(x − μ)/σ and g over each channel, (2, C): the part of PyTorch's backward kernel that gives the parameters' gradients."""
    kernel = torch.ops.aten.native_batch_norm_backward
    statistics = mean.repeat(together), inverse.repeat(together)
    wanted = [False, True, True]
    _, *sums = kernel(_joined(gradient, together), _joined(features, together), None, None, None, *statistics, True, 0.0, wanted)
    return torch.stack(sums).view(2, together, -1).sum(dim=1)


def _pixels_together(features: Tensor) -> int:
    """How many pixels side by side make a whole number of cache lines; 1 where channels lie otherwise or a row cannot be cut so."""
    count = _LINE // gcd(_LINE, features.shape[1])
    in_rows = features.is_contiguous(memory_format=torch.channels_last) and not features.is_contiguous()
    return count if in_rows and features.shape[3] % count == 0 else 1


def _joined(features: Tensor, together: int) -> Tensor:
    """See (B, C, H, W) as (B, kC, H, W/k), channels_last, the same memory."""
    if together == 1:
        return features
    samples, channels, height, width = features.shape
    return features.permute(0, 2, 3, 1).view(samples, height, width // together, channels * together).permute(0, 3, 1, 2)


def _along_rows(values: Tensor, features: Tensor) -> Tensor:
    """Shape (C,) for arithmetic with (B, C, H, W): a whole row of pixels where channels come first in memory, so that loops are long."""
    width = features.shape[3] if features.is_contiguous(memory_format=torch.channels_last) else 1
    return values.repeat(width).view(1, 1, width, -1).permute(0, 3, 1, 2)
