"""EDRNet: attention while encoding, weighted channels while decoding, and a refinement by one-dimensional filters; made for strip steel.

Paper: Song, Song, Yan, "EDRNet: Encoder–Decoder Residual Network for Salient Object Detection of Strip Steel Surface Defects", TIM 2020;
encoder in section III-A (ResNet-34 with CBAM, Woo et al., ECCV 2018), channel weighted and residual decoder blocks in III-B, refinement
structure in III-C, objective in III-D (BCE, SSIM and IoU of seven maps, all alike).

Deviations: SSIM's window and constants are this project's; CBAM's BatchNorms average as all others do; CBAM's two layers stand as 1×1
convolutions on pooled features, which is the same arithmetic.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.methods.edrnet_decoder import ChannelWeights, Refinement, decoder_pair
from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import ConvNorm, chained, enlarge, scaled
from tsernet.models.encoder import StridedPointwise

CHANNELS, BLOCKS = (64, 128, 256, 512), (3, 4, 6, 3)
"""ResNet-34's stages at width 1.0, at the sizes H/2, … H/16."""
_REDUCTION, _LEAST = 16, 4


class Attention(nn.Module):
    """CBAM: weigh the channels, then the pixels, each by what is largest and by the mean."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        reduced = max(_LEAST, channels // _REDUCTION)
        self.shared = nn.Sequential(nn.Conv2d(channels, reduced, 1), nn.ReLU(inplace=True), nn.Conv2d(reduced, channels, 1))
        self.places = ConvNorm(2, 1, 7, relu=False)

    def forward(self, features: Tensor) -> Tensor:
        means, peaks = features.mean(dim=(2, 3), keepdim=True), features.amax(dim=(2, 3), keepdim=True)
        features = features * torch.sigmoid(self.shared(means) + self.shared(peaks))
        seen = torch.cat([features.amax(dim=1, keepdim=True), features.mean(dim=1, keepdim=True)], dim=1)
        return features * torch.sigmoid(self.places(seen))


class AttentiveBlock(nn.Module):
    """ResNet's basic block, with attention before the sum."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, stride=stride)
        self.second = ConvNorm(outputs, outputs, relu=False)
        self.attention = Attention(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(StridedPointwise(inputs, outputs, stride), nn.BatchNorm2d(outputs))

    @property
    def branch_end(self) -> nn.Module:
        """What the residual branch ends in, but for attention."""
        return self.second[1]

    def forward(self, features: Tensor) -> Tensor:
        inner = self.attention(self.second(self.first(features)))
        return torch.relu(inner + self.shortcut(features))


class EDRNet(SaliencyNetwork):
    """Encode, decode in five steps with a map each, refine the last."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        channels = [scaled(count, width) for count in CHANNELS]
        deepest = channels[-1]
        self.stem = ConvNorm(3, channels[0], bias=True)
        self.stages = nn.ModuleList()
        for index, (inputs, outputs, count) in enumerate(zip((channels[0], *channels), channels, BLOCKS, strict=False)):
            first = AttentiveBlock(inputs, outputs, 2 if index else 1)
            self.stages.append(nn.Sequential(first, *(AttentiveBlock(outputs, outputs, 1) for _ in range(count - 1))))
        self.bridge = nn.Sequential(
            ConvNorm(deepest, deepest, stride=2, bias=True),
            ConvNorm(deepest, deepest, dilation=2, bias=True),
            ConvNorm(deepest, deepest, dilation=4, bias=True),
        )
        skips = [channels[0], *channels]
        results = [channels[0], channels[0], *channels[:-1]]
        self.weigh = nn.ModuleList(ChannelWeights(count) for count in skips)
        self.decoder = nn.ModuleList(decoder_pair(inputs, outputs) for inputs, outputs in zip(skips, results, strict=True))
        self.score = nn.ModuleList(nn.Conv2d(count, 1, 3, padding=1) for count in results)
        self.score_bridge = nn.Conv2d(deepest, 1, 3, padding=1)
        self.refine = Refinement(scaled(64, width))

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`; behind the refined map that which it refines, then the deeper ones, the bridge's last."""
        near = self.stem(image)
        features = [near, *chained(self.stages, F.max_pool2d(near, 3, stride=2, padding=1))]
        here = self.bridge(features[-1])
        found = [enlarge(self.score_bridge(here), 32)]
        for index in reversed(range(len(features))):
            here = self.decoder[index](self.weigh[index](enlarge(here, 2), features[index]))
            found.append(enlarge(self.score[index](here), 2**index))
        return Maps(self.refine(found[-1]), tuple(reversed(found)))


METHOD = Method(EDRNet, "Song et al., TIM 2020", Objective(f=0))
