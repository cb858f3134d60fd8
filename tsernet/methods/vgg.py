"""Stages of VGG-16.

Source: Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, table 1, column D.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn


def vgg_stage(inputs: int, outputs: int, count: int, pool: nn.Module | None = None) -> nn.Sequential:
    """Chain `count` 3×3 convolutions, each with a ReLU, behind a pooling that halves height and width; a mean where `pool` is None."""
    layers: list[nn.Module] = [nn.AvgPool2d(2) if pool is None else pool]
    for _ in range(count):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
        inputs = outputs
    return nn.Sequential(*layers)


def vgg_stages(stem: int, channels: Sequence[int]) -> tuple[nn.Sequential, nn.ModuleList]:
    """Make the first stage, at the image's size, and those behind it, each behind a maximum over 3×3 pixels with a stride of 2.

    Args:
        stem: Channels of the first.
        channels: Of the second, the third, and so on.
    """
    first = vgg_stage(3, stem, 2, nn.Identity())
    return first, nn.ModuleList(
        vgg_stage(inputs, outputs, 2 if index == 0 else 3, nn.MaxPool2d(3, stride=2, padding=1))
        for index, (inputs, outputs) in enumerate(zip((stem, *channels), channels, strict=False))
    )
