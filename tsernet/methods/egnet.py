"""EGNet: one edge map out of shallow features and the deepest ones, and every level's features joined with it.

Paper: Zhao, Liu, Fan, Cao, Yang, Cheng, "EGNet: Edge Guidance Network for Salient Object Detection", ICCV 2019; progressive features in
section 3.2.1 (eqs. 1–3), edge features in 3.2.2 (eqs. 4–7), one-to-one guidance in 3.2.3 (eqs. 8–11). Objective: BCE of nine maps, all
alike, and the balanced edge loss of one.

Table I's 108.07 M are those of the network on VGG-16 with a sixth stage.

Deviations: one layer of the authors' code, 1×1 from 256 to 128 channels (32,768 weights), is read by nothing there and is not
here, which leaves 108.04 M.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import chained, resize_like, scaled
from tsernet.methods.vgg import vgg_stages

CHANNELS, KERNELS = (128, 256, 512, 512, 512), (3, 3, 5, 5, 7)
"""Of VGG-16's stages 2…5 and a sixth, at width 1.0, at the sizes H/2, … H/32; and the side of what convolves them."""
GUIDED = 128
"""Channels of the features that are joined with edges."""


def _narrow(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.ReLU(inplace=True))


def _three(channels: int, kernel: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(3):
        layers += [nn.Conv2d(channels, channels, kernel, padding=kernel // 2), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _score(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, 1, 3, padding=1)


def _sixth(channels: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.MaxPool2d(3, stride=2, padding=1)]
    for _ in range(3):
        layers += [nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


class EGNet(SaliencyNetwork):
    """Six stages, features from the deepest up, the edge, and a guided branch for each of four levels."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        stem, guided = scaled(64, width), scaled(GUIDED, width)
        channels = [scaled(count, width) for count in CHANNELS]
        self.stem, self.stages = vgg_stages(stem, channels[:-1])
        self.stages.append(_sixth(channels[-1]))
        self.shrink = _narrow(channels[2], channels[1])
        self.locate = _narrow(channels[-1], channels[0])
        self.smooth = nn.ModuleList(_three(count, kernel) for count, kernel in zip(channels, KERNELS, strict=True))
        self.score = nn.ModuleList(_score(count) for count in channels)
        self.narrow = nn.ModuleList(_narrow(count, guided) for count in channels[1:])
        self.guide = nn.ModuleList(_three(guided, kernel) for kernel in KERNELS[1:])
        self.score_guided = nn.ModuleList(_score(guided) for _ in channels[1:])
        self.final = nn.Sequential(nn.Conv2d(guided, guided, 5, padding=2), nn.ReLU(inplace=True), _score(guided))

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`; behind the final map the four guided ones, then the four that no edge has guided."""
        features = chained(self.stages, self.stem(image))
        deepest = len(features) - 1
        found: list[Tensor] = [self.smooth[deepest](features[deepest])]
        for level in range(deepest - 1, 0, -1):
            deeper = self.shrink(found[0]) if level == 1 else found[0]
            found.insert(0, self.smooth[level](features[level] + resize_like(deeper, features[level], align=True)))
        edge = self.smooth[0](features[0] + resize_like(self.locate(found[-1]), features[0], align=True))
        plain = [resize_like(self.score[level + 1](one), image, align=True) for level, one in enumerate(found)]
        joined = [self.guide[level](resize_like(self.narrow[level](one), edge, align=True) + edge) for level, one in enumerate(found)]
        guided = [resize_like(self.score_guided[level](one), image, align=True) for level, one in enumerate(joined)]
        together = joined[0]
        for one in joined[1:]:
            together = torch.relu(together + one)
        final = resize_like(self.final(together), image, align=True)
        return Maps(final, (*guided, *plain), (resize_like(self.score[0](edge), image, align=True),))


METHOD = Method(EGNet, "Zhao et al., ICCV 2019", Objective(ssim=0, iou=0, f=0))
