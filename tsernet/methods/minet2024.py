"""MINet of 2024: depthwise convolutions at four dilations, whose results meet channel by channel; the lightest one made for strip steel.

Paper: Shen, Zhou, Liu, "MINet: Multi-Scale Interactive Network for Real-Time Salient Object Detection of Strip Steel Surface Defects", TII
2024 (arXiv 2405.16096); the multi-scale interactive module with dilations 1, 2, 4, 8 in section III-B, encoder and decoder around it in
section III. Objective: BCE and SSIM of five maps, all alike. 0.28 M parameters, as in the paper. It stands in no table of TSERNet's paper,
and has only its name in common with the MINet of CVPR 2020 (`minet`).

Deviations: maps are logits, enlarged before the sigmoid, where the authors' code enlarges what the sigmoid gives; the pointwise
convolution over the four scales of one channel, one layer a channel there, is one layer of as many groups.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import ConvNorm, chained, resize_like, scaled, shuffle_channels
from tsernet.methods.samnet import separable, separable_stages

CHANNELS = (16, 32, 64, 96, 128)
"""Of the five stages at width 1.0, at the sizes H/2, … H/32."""
MODULES = (0, 3, 4, 6, 3)
DILATIONS = (1, 2, 4, 8)


class Interaction(nn.Module):
    """See every channel at four scales, mix those, then the channels; what is found is added."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scales = nn.ModuleList(ConvNorm(channels, channels, dilation=dilation, groups=channels) for dilation in DILATIONS)
        self.interact = ConvNorm(len(DILATIONS) * channels, channels, 1, groups=channels)
        self.fuse = ConvNorm(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        seen = torch.cat([scale(features) for scale in self.scales], dim=1)
        found: Tensor = self.fuse(self.interact(shuffle_channels(seen, len(DILATIONS))))
        return torch.relu(found + features)


class MINet2024(SaliencyNetwork):
    """Encode in five stages, decode by sums, a map at each size."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        channels = [scaled(count, width) for count in CHANNELS]
        self.stages = separable_stages(channels, MODULES, [Interaction] * len(CHANNELS))
        results = [channels[0], *channels[:-1]]
        self.decoder = nn.ModuleList(
            nn.Sequential(separable(inputs, inputs, dilation=2), separable(inputs, outputs))
            for inputs, outputs in zip(channels, results, strict=True)
        )
        self.score = nn.ModuleList(nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(count, 1, 1)) for count in results)

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`; the shallowest map is the final one, then the others from the next on."""
        features = chained(self.stages, image)
        here = self.decoder[-1](features[-1])
        decoded = [here]
        for index in reversed(range(len(features) - 1)):
            here = self.decoder[index](features[index] + resize_like(here, features[index], align=True))
            decoded.append(here)
        found = [resize_like(score(one), image, align=True) for score, one in zip(self.score, reversed(decoded), strict=True)]
        return Maps(found[0], tuple(found[1:]))


METHOD = Method(MINet2024, "Shen et al., TII 2024", Objective(iou=0, f=0))
