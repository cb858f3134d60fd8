"""SAMNet: a very light network of depthwise separable convolutions that attend to several scales.

Paper: Liu, Zhang, Bian, Zhang, Cheng, "SAMNet: Stereoscopically Attentive Multi-scale Network for Lightweight Salient Object Detection",
TIP 2021; the stereoscopically attentive multi-scale module in section III-A (eqs. 1–7), encoder and decoder in III-B, III-C.

Channels 16, 32, 64, 96, 128 and modules 1, 1, 3, 6, 3 a stage; dilations 1, 2, 3, in the last stage 1, 2; pyramid pooling into 1, 2, 3, 6
bins. Four side maps count 0.4 each (section III-C). 1.33 M parameters, as in Table I.

Deviations: maps are logits, enlarged before the sigmoid (the authors' code enlarges what the sigmoid gives: up to a hundredth of
difference between pixels); a softmax over the views is written out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import ConvNorm, chained, resize_like, scaled

CHANNELS = (16, 32, 64, 96, 128)
"""Of the five stages at width 1.0, at the sizes H/2, … H/32."""
MODULES = (1, 1, 3, 6, 3)
BINS = (1, 2, 3, 6)
_REDUCTION = 4
_FUSIONS = ((3, 1), (3, 2), (5, 2), (5, 2), (5, 2))
"""Kernel and dilation of the decoder's stages, the deepest first."""


def separable(inputs: int, outputs: int, kernel: int = 3, *, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    """Convolve each channel by itself, then mix the channels."""
    return nn.Sequential(ConvNorm(inputs, inputs, kernel, stride=stride, dilation=dilation, groups=inputs), ConvNorm(inputs, outputs, 1))


def separable_stages(channels: Sequence[int], counts: Sequence[int], modules: Sequence[Callable[[int], nn.Module]]) -> nn.ModuleList:
    """Make an encoder's stages, each behind a stride of two: a convolution, separable but for the first, then modules.

    Args:
        channels: Of each stage.
        counts: Of modules in each.
        modules: What makes one of each stage, of its channels.
    """
    stages = nn.ModuleList()
    for index, (inputs, outputs, count, module) in enumerate(zip((3, *channels), channels, counts, modules, strict=False)):
        first = ConvNorm(inputs, outputs, stride=2) if index == 0 else separable(inputs, outputs, stride=2)
        stages.append(nn.Sequential(first, *(module(outputs) for _ in range(count))))
    return stages


class Attention(nn.Module):
    """The SAM module: weigh branches of several dilations against each other, at every channel and pixel.

    Source: Liu et al., TIP 2021, eqs. 1–7.
    """

    def __init__(self, channels: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        reduced = max(1, channels // _REDUCTION)
        self.channels = channels
        self.lead = separable(channels, channels)
        self.branches = nn.ModuleList(separable(channels, channels, dilation=dilation) for dilation in dilations)
        self.channel_gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), ConvNorm(channels, channels, 1), nn.Conv2d(channels, (len(dilations) + 1) * channels, 1, bias=False)
        )
        self.pixel_gate = nn.Sequential(
            ConvNorm(channels, reduced, 1),
            separable(reduced, reduced, dilation=2),
            separable(reduced, reduced, dilation=4),
            nn.Conv2d(reduced, 1, 1, bias=False),
        )
        self.mix = ConvNorm(channels, channels, 1, relu=False)

    def forward(self, features: Tensor) -> Tensor:
        lead = self.lead(features)
        views = [*(branch(lead) for branch in self.branches), lead]
        together = views[0]
        for view in views[1:]:
            together = together + view
        gates = self.channel_gate(together)
        places = self.pixel_gate(together)
        scores = [gates[:, index * self.channels : (index + 1) * self.channels] * places for index in range(len(views))]
        # A softmax over the views, written out: no tensor of five dimensions.
        top = scores[0]
        for score in scores[1:]:
            top = torch.maximum(top, score)
        weights = [torch.exp(score - top) for score in scores]
        total, fused = weights[0], weights[0] * views[0]
        for weight, view in zip(weights[1:], views[1:], strict=True):
            total, fused = total + weight, fused + weight * view
        mixed: Tensor = self.mix(fused / total)
        return mixed + features


class Pyramid(nn.Module):
    """See the deepest features at four scales (Zhao et al., CVPR 2017)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(1, channels // len(BINS))
        self.narrow = nn.ModuleList(ConvNorm(channels, narrow, 1) for _ in BINS)
        self.mix = ConvNorm(channels + len(BINS) * narrow, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        parts = [
            resize_like(layer(F.adaptive_avg_pool2d(features, bins)), features, align=True)
            for layer, bins in zip(self.narrow, BINS, strict=True)
        ]
        mixed: Tensor = self.mix(torch.cat([features, *parts], dim=1))
        return mixed


class SAMNet(SaliencyNetwork):
    """Encode in five stages of attention, decode by sums."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        channels = [scaled(count, width) for count in CHANNELS]
        modules = [partial(Attention, dilations=(1, 2, 3))] * (len(CHANNELS) - 1) + [partial(Attention, dilations=(1, 2))]
        self.stages = separable_stages(channels, MODULES, modules)
        self.pyramid = Pyramid(channels[-1])
        deepest_first = list(reversed(channels))
        results = [*deepest_first[1:], channels[0]]
        self.adapt = nn.ModuleList(ConvNorm(count, count, 1, relu=False) for count in deepest_first)
        self.fuse = nn.ModuleList(
            separable(inputs, outputs, kernel, dilation=dilation)
            for inputs, outputs, (kernel, dilation) in zip(deepest_first, results, _FUSIONS, strict=True)
        )
        self.score = nn.ModuleList(nn.Sequential(nn.Dropout2d(0.1), nn.Conv2d(count, 1, 1)) for count in results)

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`; the shallowest map is the final one, then the others from the deepest on."""
        features = chained(self.stages, image)
        deeper = self.pyramid(features[-1])
        found: list[Tensor] = []
        for index, skip in enumerate(reversed(features)):
            if index:
                deeper = resize_like(deeper, skip, align=True)
            deeper = self.fuse[index](self.adapt[index](skip) + deeper)
            found.append(resize_like(self.score[index](deeper), image, align=True))
        return Maps(found[-1], tuple(found[:-1]))


METHOD = Method(SAMNet, "Liu et al., TIP 2021", Objective(ssim=0, iou=0, f=0, maps=(1.0, 0.4, 0.4, 0.4, 0.4)))
