"""Stages of VGG-16.

Source: Simonyan, Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015, table 1, column D.
"""

from __future__ import annotations

from torch import nn


def vgg_stage(inputs: int, outputs: int, count: int, pool: nn.Module | None = None) -> nn.Sequential:
    """Chain `count` 3×3 convolutions, each with a ReLU, behind a pooling that halves height and width; a mean where `pool` is None."""
    layers: list[nn.Module] = [nn.AvgPool2d(2) if pool is None else pool]
    for _ in range(count):
        layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(inplace=True)]
        inputs = outputs
    return nn.Sequential(*layers)
