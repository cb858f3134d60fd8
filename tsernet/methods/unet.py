"""U-Net: the plain baseline, one encoder, one decoder, skip connections.

Paper: Ronneberger, Fischer, Brox, "U-Net: Convolutional Networks for Biomedical Image Segmentation", MICCAI 2015; Fig. 1: channels
64 to 1024, two 3×3 convolutions a level, max-pools down, 2×2 up-convolutions, a 1×1 convolution at the end.

Deviations: convolutions are padded, so that the map has the image's size; BatchNorm behind each 3×3 convolution, whose biases it makes
idle; up-convolutions are a bilinear enlargement and a 1×1 convolution, which halves the channels as they do and leaves no chequerboard;
no dropout; no map of weights: the objective is this project's (BCE, SSIM, IoU, F) on the one map. It stands in no table of the paper.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsernet.methods.interface import Maps, Method, SaliencyNetwork
from tsernet.methods.layers import ConvNorm, enlarge, scaled

CHANNELS = (64, 128, 256, 512, 1024)
"""Of the levels at width 1.0, at the sizes H, H/2, … H/16."""


class UNet(SaliencyNetwork):
    """Halve four times, double four times, and at each size join what was seen on the way down."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        channels = [scaled(count, width) for count in CHANNELS]
        self.down = nn.ModuleList(_double(inputs, outputs) for inputs, outputs in zip((3, *channels), channels, strict=False))
        self.pool = nn.MaxPool2d(2)
        pairs = list(zip(channels[1:], channels, strict=False))
        self.narrow = nn.ModuleList(nn.Conv2d(deep, shallow, 1) for deep, shallow in pairs)
        self.up = nn.ModuleList(_double(2 * shallow, shallow) for _, shallow in pairs)
        self.score = nn.Conv2d(channels[0], 1, 1)

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`."""
        features: list[Tensor] = []
        here = image
        for level, block in enumerate(self.down):
            here = block(here if level == 0 else self.pool(here))
            features.append(here)
        for level in reversed(range(len(self.up))):
            here = self.up[level](torch.cat([features[level], self.narrow[level](enlarge(here, 2))], dim=1))
        return Maps(self.score(here))


def _double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(ConvNorm(inputs, outputs), ConvNorm(outputs, outputs))


METHOD = Method(UNet, "Ronneberger et al., MICCAI 2015")
