"""What the objective sums over the pixels of many maps, with a gradient written by hand.

Autograd keeps some fifty tensors as large as all maps together and walks over each of them; by hand it is a third of the walks.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

WINDOW = 11
SIGMA = 1.5
C1 = 0.01**2
C2 = 0.03**2


class Sums(NamedTuple):
    """Of M maps in B samples.

    Attributes:
        bce: (M,), mean over pixels and samples.
        similarity: (M,), SSIM, likewise.
        true: (B, M), sum of the map inside the mask.
        predicted: (B, M), sum of the map.
    """

    bce: Tensor
    similarity: Tensor
    true: Tensor
    predicted: Tensor


def sums_of(logits: Tensor, mask: Tensor, with_similarity: bool = True) -> Sums:
    """Compute them, with a gradient for the logits alone.

    Args:
        logits: (B, M, H, W).
        mask: In {0, 1}, (B, 1, H, W).
        with_similarity: Compute SSIM, which takes most of the time; else it is given as 0.
    """
    # The windows' depthwise convolutions take a sixth of the time in this layout (docs/explanation/performance.md).
    logits = logits.contiguous(memory_format=torch.channels_last)
    # Where autocast is on it would blur in bfloat16, whose differences of squares reach 0 or less.
    with torch.autocast(logits.device.type, enabled=False):
        return Sums(*_Sums.apply(logits, mask, with_similarity))


class _Sums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, mask: Tensor, with_similarity: bool) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        maps = torch.sigmoid(logits)
        similarity, slope = maps.new_zeros(maps.shape[1]), None
        if with_similarity:
            similarity, slope = _similarity(maps, mask, with_slope=logits.requires_grad)
        ctx.save_for_backward(maps, mask, slope)
        true = (maps * mask).sum(dim=(2, 3))
        return _cross_entropy(logits, maps, mask), similarity, true, maps.sum(dim=(2, 3))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, by_bce: Tensor, by_similarity: Tensor, by_true: Tensor, by_predicted: Tensor) -> tuple[Tensor, None, None]:
        maps, mask, slope = ctx.saved_tensors
        pixels = maps.shape[0] * maps.shape[2] * maps.shape[3]
        gradient = torch.zeros_like(maps) if slope is None else slope * _per_map(by_similarity / pixels)
        gradient.addcmul_(mask, by_true[:, :, None, None]).add_(by_predicted[:, :, None, None])
        # The sigmoid's slope p(1 − p), then the cross-entropy's (p − t).
        gradient.mul_(maps)
        gradient.addcmul_(gradient, maps, value=-1)
        share = _per_map(by_bce / pixels)
        return gradient.addcmul_(maps, share).addcmul_(mask, share, value=-1), None, None


def _per_map(values: Tensor) -> Tensor:
    return values[None, :, None, None]


def _cross_entropy(logits: Tensor, maps: Tensor, mask: Tensor) -> Tensor:
    """Average log(1 + exp(x)) − x·t, as max(x, 0) − x·t − log(max(p, 1 − p)): PyTorch's softplus is a sixth of the speed on the CPU."""
    cost = logits.clamp_min(0).addcmul_(logits, mask, value=-1)
    certain = 1 - maps
    torch.maximum(maps, certain, out=certain)
    return cost.sub_(certain.log_()).mean(dim=(0, 2, 3))


def _similarity(maps: Tensor, mask: Tensor, with_slope: bool) -> tuple[Tensor, Tensor | None]:
    """Measure structural similarity with a Gaussian window, zero padding: S = 4·a₁·a₂/(b₁·b₂).

    With μ, σ, π the blurred map, its square and its product with the mask, m and v of the mask: a₁ = μm + C₁/2, a₂ = π − μm + C₂/2,
    b₁ = μ² + m² + C₁, b₂ = σ − μ² + v − m² + C₂.

    Returns:
        Means over pixels and batch, (M,); the slope of each pixel's part in S by the map, (B, M, H, W), summed over the windows it is in.
    Source: Han et al., TIM 2022, eq. 11; Wang et al., TIP 2004.
    """
    mean, square, product = blur(maps), blur(maps * maps), blur(maps * mask)
    mean_mask = blur(mask)
    squared_mask = mean_mask * mean_mask
    a1 = torch.addcmul(maps.new_full((), C1 / 2), mean, mean_mask)  # filled there: a copy from the host would break a CUDA graph's capture
    a2 = product.addcmul_(mean, mean_mask, value=-1).add_(C2 / 2)
    b1 = torch.addcmul(squared_mask + C1, mean, mean)
    # The variances first: C₂ is small beside what they are the difference of.
    b2 = square.addcmul_(mean, mean, value=-1).add_(blur(mask * mask) - squared_mask + C2)
    inverse = (b1 * b2).reciprocal_()
    similarity = (a1 * a2).mul_(inverse)
    means = 4 * similarity.mean(dim=(0, 2, 3))
    if not with_slope:
        return means, None
    # ∂S/∂μ = 4m(a₂ − a₁)/(b₁b₂) + 2μS(b₁ − b₂)/(b₁b₂), ∂S/∂σ = −S/b₂, ∂S/∂π = 4a₁/(b₁b₂); each blurred, which is its own adjoint.
    similarity.mul_(inverse)
    by_mean = a2.sub_(a1).mul_(inverse).mul_(mean_mask)
    by_square = similarity * b1
    by_mean.addcmul_(b1.sub_(b2).mul_(mean), similarity, value=2)
    slope = blur(by_mean).addcmul_(maps, blur(by_square), value=-2)
    return means, slope.addcmul_(mask, blur(a1.mul_(inverse))).mul_(4)


def blur(maps: Tensor) -> Tensor:
    """Average each channel with the Gaussian window, one direction after the other."""
    channels = maps.shape[1]
    window = gaussian(maps)
    rows = window.view(1, 1, WINDOW, 1).expand(channels, 1, WINDOW, 1)
    columns = window.view(1, 1, 1, WINDOW).expand(channels, 1, 1, WINDOW)
    half = WINDOW // 2
    maps = F.conv2d(maps, rows, padding=(half, 0), groups=channels)
    return F.conv2d(maps, columns, padding=(0, half), groups=channels)


def gaussian(like: Tensor) -> Tensor:
    """Sample the window's one-dimensional profile, summing to 1."""
    offsets = torch.arange(WINDOW, dtype=torch.float64, device=like.device) - WINDOW // 2
    profile = torch.exp(-(offsets**2) / (2 * SIGMA**2))
    return (profile / profile.sum()).to(like)
