"""EDRNet's decoder: channel weighted blocks, residual decoder blocks, the refinement by one-dimensional filters.

Source: Song, Song, Yan, TIM 2020, sections III-B and III-C.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.methods.layers import ConvNorm, enlarge, shuffle_channels

_GROUPS = 2
_DILATIONS = (1, 1, 2, 4)
"""Of the refinement's levels."""


class ChannelWeights(nn.Module):
    """Weigh the encoder's channels by what both sides see on the whole, and add the decoder's."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gate = nn.Sequential(nn.Conv2d(2 * channels, channels, 1), nn.PReLU(), nn.Conv2d(channels, channels, 1), nn.Sigmoid())

    def forward(self, decoded: Tensor, encoded: Tensor) -> Tensor:
        seen = torch.cat([decoded, encoded], dim=1).mean(dim=(2, 3), keepdim=True)
        weighed: Tensor = self.gate(seen) * encoded + decoded
        return weighed


class DecoderBlock(nn.Module):
    """Two 3×3 and a 1×1 convolution around a shortcut; the channels of two groups are mixed between the first two."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, bias=True, relu=False)
        self.second = ConvNorm(outputs, outputs, bias=True, relu=False)
        self.third = ConvNorm(outputs, outputs, 1, bias=True, relu=False)
        self.act = nn.PReLU()
        self.shortcut: nn.Module = nn.Identity() if inputs == outputs else ConvNorm(inputs, outputs, 1, relu=False)

    @property
    def branch_end(self) -> nn.Module:
        """What the residual branch ends in."""
        return self.third[1]

    def forward(self, features: Tensor) -> Tensor:
        inner = shuffle_channels(self.act(self.first(features)), _GROUPS)
        inner = self.third(self.act(self.second(inner)))
        result: Tensor = self.act(inner + self.shortcut(features))
        return result


def decoder_pair(inputs: int, outputs: int) -> nn.Sequential:
    """Make one step of the decoder."""
    return nn.Sequential(DecoderBlock(inputs, inputs), DecoderBlock(inputs, outputs))


def _across(inputs: int, outputs: int, dilation: int, rows: bool) -> nn.Conv2d:
    sides, padding = ((3, 1), (dilation, 0)) if rows else ((1, 3), (0, dilation))
    return nn.Conv2d(inputs, outputs, sides, padding=padding, dilation=dilation)


class Refinement(nn.Module):
    """A U-Net of 3×1 and 1×3 filters, whose result is added to the map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.down_rows = nn.ModuleList(_across(channels if level else 1, channels, step, True) for level, step in enumerate(_DILATIONS))
        self.down_columns = nn.ModuleList(_with_norm(_across(channels, channels, step, False), channels) for step in _DILATIONS)
        self.bridge = ConvNorm(channels, channels, bias=True)
        self.up_rows = nn.ModuleList(_across(channels, channels, step, True) for step in _DILATIONS)
        self.up_columns = nn.ModuleList(_with_norm(_across(2 * channels, channels, step, False), channels) for step in _DILATIONS)
        self.residual = nn.Conv2d(channels, 1, 1, bias=False)

    def forward(self, logits: Tensor) -> Tensor:
        features: list[Tensor] = []
        here = logits
        for rows, columns in zip(self.down_rows, self.down_columns, strict=True):
            features.append(torch.relu(rows(here)))
            here = F.max_pool2d(columns(features[-1]), 2)
        here = self.bridge(here)
        for level in reversed(range(len(features))):
            here = torch.relu(self.up_rows[level](enlarge(here, 2)))
            here = self.up_columns[level](torch.cat([here, features[level]], dim=1))
        refined: Tensor = logits + self.residual(here)
        return refined


def _with_norm(conv: nn.Conv2d, channels: int) -> nn.Sequential:
    return nn.Sequential(conv, nn.BatchNorm2d(channels), nn.ReLU(inplace=True))
