"""BatchNorm with or without a ReLU behind it, in a training on the CPU by whole rows of an image instead of single pixels."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

MOST_CHANNELS = 16
"""From here on PyTorch's own kernel is as fast (docs/explanation/performance.md)."""
FEWEST_VALUES = 2**19
"""Below this the small tensors of the statistics cost more than the large ones gain."""


def normalise(norm: nn.Module, features: Tensor, relu: bool = True) -> Tensor:
    """Apply a BatchNorm layer, then ReLU if asked.

    PyTorch's channels-last kernel starts anew at every pixel, which with 8 channels is one vector register. A row of an image is one
    long vector: its statistics are taken column by column with the same kernel and then joined, and the rest is a product and a sum.

    Args:
        norm: `nn.BatchNorm2d`, or what took its place (`nn.SyncBatchNorm`).
        features: (B, C, H, W).
        relu: Cut off below 0.
    """
    if isinstance(norm, nn.BatchNorm2d) and by_rows(norm, features):
        return _by_rows(norm, features, None, relu)
    normalised: Tensor = norm(features)
    return F.relu(normalised, inplace=True) if relu else normalised


def convolve_normalise(conv: nn.Module, norm: nn.Module, features: Tensor) -> Tensor:
    """Apply a convolution, its BatchNorm and ReLU.

    The convolution's bias is subtracted again with the mean: its gradient is zero, and where rows are normalised it is not summed up from
    rounding errors.

    Args:
        conv: `nn.Conv2d`, or what took its place.
        norm: As in `normalise`.
        features: (B, C, H, W).
    """
    if isinstance(norm, nn.BatchNorm2d) and isinstance(conv, nn.Conv2d) and conv.bias is not None and by_rows(norm, features):
        raw = F.conv2d(features, conv.weight, conv.bias.detach(), conv.stride, conv.padding, conv.dilation)
        return _by_rows(norm, raw.contiguous(memory_format=torch.channels_last), conv.bias, relu=True)
    return normalise(norm, conv(features))


def by_rows(norm: nn.BatchNorm2d, features: Tensor) -> bool:
    """Say whether rows are the faster way here: a narrow layer in training, in float32 and channels-last, on the CPU.

    Args:
        norm: The layer.
        features: What it normalises, or what a convolution makes that of; (B, C, H, W).
    """
    channels = norm.num_features
    return (
        norm.training
        and features.device.type == "cpu"
        and features.dtype == torch.float32
        and channels <= MOST_CHANNELS
        and features[:, 0].numel() * channels >= FEWEST_VALUES
        and features.is_contiguous(memory_format=torch.channels_last)
        and not torch.is_autocast_enabled("cpu")
        and not torch.compiler.is_compiling()
    )


def _by_rows(norm: nn.BatchNorm2d, features: Tensor, shift: Tensor | None, relu: bool) -> Tensor:
    out: Tensor
    out, mean, variance = _NormaliseRows.apply(features, shift, norm.weight, norm.bias, norm.eps, relu)
    assert norm.running_mean is not None and norm.running_var is not None and norm.num_batches_tracked is not None  # noqa: PT018 - one fact
    norm.num_batches_tracked.add_(1)
    momentum = 1 / norm.num_batches_tracked.item() if norm.momentum is None else norm.momentum
    count = features.numel() // features.shape[1]
    norm.running_mean.lerp_(mean, momentum)
    norm.running_var.lerp_(variance * (count / (count - 1)), momentum)
    return out


def _rows(features: Tensor) -> Tensor:
    """View (B, C, H, W), channels-last, as (B·H, W·C)."""
    batch, channels, height, width = features.shape
    return features.permute(0, 2, 3, 1).reshape(batch * height, width * channels)


class _NormaliseRows(torch.autograd.Function):
    """(x − mean)/sqrt(variance + eps)·weight + bias; returns that, the mean and the variance (biased) of each channel."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, shift: Tensor | None, weight: Tensor, bias: Tensor, eps: float, relu: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        rows, channels, width = _rows(features), features.shape[1], features.shape[3]
        means, variances = (part.view(width, channels) for part in torch.ops.aten.batch_norm_update_stats(rows, None, None, 0.0))
        mean = means.mean(dim=0)
        variance = variances.mean(dim=0) + means.var(dim=0, correction=0)
        inverse = torch.rsqrt(variance + eps)
        scale = weight * inverse
        # Filled by way of a view: what a Function returns may be changed in place later only if it is none itself.
        out = torch.empty_like(features, memory_format=torch.channels_last)
        torch.addcmul((bias - mean * scale).repeat(width), rows, scale.repeat(width), out=_rows(out))
        if relu:
            out.clamp_min_(0)
        ctx.relu, ctx.eps, ctx.has_shift = relu, eps, shift is not None
        ctx.save_for_backward(features, mean, inverse, scale, *([out] if relu else []))
        ctx.mark_non_differentiable(mean, variance)
        ctx.set_materialize_grads(False)
        return out, mean, variance

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor, *_: None) -> tuple[Tensor | None, ...]:
        features, mean, inverse, scale, *out = ctx.saved_tensors
        width, channels = features.shape[3], features.shape[1]
        rows = _rows(features)
        slope = _rows(gradient.contiguous(memory_format=torch.channels_last))
        if ctx.relu:
            slope = torch.ops.aten.threshold_backward(slope, _rows(out[0]), 0)
        wide = [part.repeat(width) for part in (mean, inverse)]
        _, by_weight, by_bias = torch.ops.aten.native_batch_norm_backward(
            slope, rows, wide[1], None, None, *wide, True, ctx.eps, [False, True, True]
        )
        by_weight, by_bias = (part.view(width, channels).sum(dim=0) for part in (by_weight, by_bias))
        count = features.numel() // channels
        factor = scale * inverse * by_weight / -count
        offset = scale * by_bias / -count - factor * mean
        result = torch.empty_like(features, memory_format=torch.channels_last)
        torch.addcmul(offset.repeat(width), rows, factor.repeat(width), out=_rows(result)).addcmul_(slope, scale.repeat(width))
        return result, torch.zeros_like(mean) if ctx.has_shift else None, by_weight, by_bias, None, None
