"""MINet: exchange what neighbouring levels see, then what two sizes of one level see.

Paper: Pang, Zhao, Zhang, Lu, "Multi-Scale Interactive Network for Salient Object Detection", CVPR 2020; aggregate interaction modules in
section 3.2 (eqs. 1–3), self-interaction modules in 3.3 (eqs. 4–6), objective in 3.4 (BCE and the consistency-enhanced loss, eq. 9). On
VGG-16 with BatchNorm; Table I's 47.56 M are that network's.

Deviations: the consistency-enhanced loss is 1 − F with β² = 1 over the batch; this project's 1 − F, β² = 0.3 and by image, stands for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import ConvNorm, repeat_pixels, resize_like, scaled

CHANNELS, COUNTS = (64, 128, 256, 512, 512), (2, 2, 3, 3, 3)
"""VGG-16's stages at width 1.0, at the sizes H, … H/16."""
AGGREGATED, HALVED = (32, 64, 64, 64, 64), (16, 32, 32, 32, 32)
"""Channels of each level, and of its half size in the self-interaction."""


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


class Aggregate(nn.Module):
    """Let a level take from its neighbours, which take from it before (section 3.2).

    Args:
        inputs: Channels of the level and of its neighbours, the largest size first.
        place: Which of them is the level.
        outputs: Channels out.
    """

    def __init__(self, inputs: Sequence[int], place: int, outputs: int) -> None:
        super().__init__()
        self.place = place
        middle = min(inputs)
        self.enter = nn.ModuleList(ConvNorm(count, middle, bias=True) for count in inputs)
        pairs = [(source, target) for target in range(len(inputs)) for source in range(len(inputs)) if abs(source - target) <= 1]
        self.exchange = nn.ModuleDict({f"{source}_{target}": _conv(middle, middle) for source, target in pairs})
        self.norms = nn.ModuleList(nn.BatchNorm2d(middle) for _ in inputs)
        self.gather = nn.ModuleDict({f"{source}_{place}": _conv(middle, middle) for source, target in pairs if target == place})
        self.gather_norm = nn.BatchNorm2d(middle)
        self.leave = ConvNorm(middle, outputs, bias=True, relu=False)
        self.shortcut = nn.Conv2d(inputs[place], outputs, 1)

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        entered = [enter(one) for enter, one in zip(self.enter, features, strict=True)]
        exchanged = [torch.relu(norm(_summed(entered, target, self.exchange))) for target, norm in enumerate(self.norms)]
        gathered = torch.relu(self.gather_norm(_summed(exchanged, self.place, self.gather)))
        return torch.relu(self.leave(gathered) + self.shortcut(features[self.place]))


def _summed(features: Sequence[Tensor], target: int, layers: nn.ModuleDict) -> Tensor:
    """Sum what the level `target` takes of itself and its neighbours, each by a layer of its own."""
    found = [
        layers[f"{source}_{target}"](_moved(one, target - source)) for source, one in enumerate(features) if f"{source}_{target}" in layers
    ]
    total: Tensor = found[0]
    for one in found[1:]:
        total = total + one
    return total


def _moved(features: Tensor, levels: int) -> Tensor:
    """Bring features to the next smaller size (1), the next larger (−1), or leave them (0)."""
    if levels == 0:
        return features
    return F.avg_pool2d(features, 2, 2) if levels > 0 else repeat_pixels(features, 2)


class Interact(nn.Module):
    """Let a level and its half size take from each other, twice (section 3.3)."""

    def __init__(self, channels: int, halved: int) -> None:
        super().__init__()
        self.start, self.start_half = ConvNorm(channels, channels, bias=True), ConvNorm(channels, halved, bias=True)
        self.keep, self.to_half = _conv(channels, channels), _conv(channels, halved)
        self.from_half, self.keep_half = _conv(halved, channels), _conv(halved, halved)
        self.norm, self.norm_half = nn.BatchNorm2d(channels), nn.BatchNorm2d(halved)
        self.last, self.last_half, self.last_norm = _conv(channels, channels), _conv(halved, channels), nn.BatchNorm2d(channels)

    def forward(self, features: Tensor) -> Tensor:
        whole, half = self.start(features), self.start_half(F.avg_pool2d(features, 2, 2))
        given, taken = self.to_half(F.avg_pool2d(whole, 2, 2)), self.from_half(resize_like(half, features))
        whole, half = torch.relu(self.norm(self.keep(whole) + taken)), torch.relu(self.norm_half(self.keep_half(half) + given))
        whole = torch.relu(self.last_norm(self.last(whole) + self.last_half(resize_like(half, features))))
        return whole + features


class MINet(SaliencyNetwork):
    """VGG-16, an aggregation for each level, and a decoder of self-interactions."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        channels, aggregated, halved = ([scaled(count, width) for count in counts] for counts in (CHANNELS, AGGREGATED, HALVED))
        self.stages = nn.ModuleList()
        for inputs, outputs, count in zip((3, *channels), channels, COUNTS, strict=False):
            self.stages.append(nn.Sequential(*(ConvNorm(inputs if index == 0 else outputs, outputs, bias=True) for index in range(count))))
        self.aggregate = nn.ModuleList()
        for level, outputs in enumerate(aggregated):
            first = max(0, level - 1)
            self.aggregate.append(Aggregate(channels[first : level + 2], level - first, outputs))
        self.interact = nn.ModuleList(Interact(count, half) for count, half in zip(aggregated, halved, strict=True))
        self.leave = nn.ModuleList(
            ConvNorm(count, shallower) for count, shallower in zip(aggregated, (aggregated[0], *aggregated), strict=False)
        )
        self.score = nn.Conv2d(aggregated[0], 1, 1)

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`."""
        features: list[Tensor] = []
        here = image
        for level, stage in enumerate(self.stages):
            here = stage(F.max_pool2d(here, 2) if level else here)
            features.append(here)
        levels = [layer(features[max(0, level - 1) : level + 2]) for level, layer in enumerate(self.aggregate)]
        here = levels[-1]
        for level in reversed(range(len(levels))):
            if level < len(levels) - 1:
                here = resize_like(here, levels[level]) + levels[level]
            here = self.leave[level](self.interact[level](here))
        return Maps(self.score(here))


METHOD = Method(MINet, "Pang et al., CVPR 2020", Objective(ssim=0, iou=0))
