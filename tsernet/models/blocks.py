"""The small parts that every stage is made of: convolutions with BatchNorm and ReLU, and the two ways of resizing."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def scaled(channels: int, width: float) -> int:
    """Scale a channel count by the width multiplier; never below one channel."""
    return max(1, round(channels * width))


def conv3(inputs: int, outputs: int, dilation: int = 1) -> nn.Conv2d:
    """Make a 3×3 convolution with bias that keeps height and width."""
    return nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)


class ConvNormReLU(nn.Module):
    """A convolution, BatchNorm and ReLU: the C(·) of the paper's equations.

    Args:
        inputs: Channels in.
        outputs: Channels out.
        dilation: Of the 3×3 kernel.
        kernel: 3, or 1 for a change of channels alone.
    """

    def __init__(self, inputs: int, outputs: int, dilation: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.conv = conv3(inputs, outputs, dilation) if kernel == 3 else nn.Conv2d(inputs, outputs, kernel)
        self.norm = nn.BatchNorm2d(outputs)

    def forward(self, features: Tensor) -> Tensor:
        # In place: BatchNorm's backward reads its input, never its output, and ReLU's reads only the result.
        return F.relu(self.norm(self.conv(features)), inplace=True)


def three(inputs: int, middle: int, outputs: int, dilations: tuple[int, int, int] = (1, 1, 1)) -> nn.Sequential:
    """Chain three convolution layers: the C₃(·) of the paper's equations."""
    return nn.Sequential(
        ConvNormReLU(inputs, middle, dilations[0]),
        ConvNormReLU(middle, middle, dilations[1]),
        ConvNormReLU(middle, outputs, dilations[2]),
    )


class ResidualUnit(nn.Module):
    """Refine features by a residual convolution unit: x + conv(ReLU(BN(conv(ReLU(BN(x)))))).

    Source: Han et al., TIM 2022, section III-A (there "RCU").
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = conv3(channels, channels)
        self.norm2 = nn.BatchNorm2d(channels)
        self.conv2 = conv3(channels, channels)

    def forward(self, features: Tensor) -> Tensor:
        inner: Tensor = self.conv1(F.relu(self.norm1(features), inplace=True))
        inner = self.conv2(F.relu(self.norm2(inner), inplace=True))
        return inner.add_(features)


class Concatenation(nn.Module):
    """Fuse by one convolution layer over everything side by side: what the ablations put in a module's place."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.mix = ConvNormReLU(inputs, outputs)

    def forward(self, *parts: Tensor) -> Tensor:
        mixed: Tensor = self.mix(torch.cat(parts, dim=1))
        return mixed


def enlarge(maps: Tensor, factor: int) -> Tensor:
    """Upsample bilinearly by a whole factor, pixel centres aligned as areas (align_corners=False)."""
    if factor == 1:
        return maps
    return F.interpolate(maps, scale_factor=factor, mode="bilinear", align_corners=False)


def pyramid(edge: Tensor, levels: int) -> list[Tensor]:
    """Downsample the edge map bilinearly, without antialiasing, by 1, 2, 4, … 2^(levels−1).

    Computed once, since the decoder and the second stage read the same sizes.

    Args:
        edge: Logits, (B, 1, H, W), H and W divisible by 2^(levels−1).
    Returns:
        Element k has the size (H/2^k, W/2^k).
    """
    smaller = [F.interpolate(edge, scale_factor=1 / 2**k, mode="bilinear", align_corners=False) for k in range(1, levels)]
    return [edge, *smaller]


def reversed_gate(logits: Tensor) -> Tensor:
    """Attend to what a map does not show: 1 − s(x), computed as s(−x)."""
    return torch.sigmoid(-logits)
