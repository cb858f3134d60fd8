"""PoolNet: tell every level of a pyramid where the object is, and pool at several scales before levels are joined.

Paper: Liu, Hou, Cheng, Feng, Jiang, "A Simple Pooling-Based Design for Real-Time Salient Object Detection", CVPR 2019; the global guidance
module in section 3.2 (pyramid pooling into 1, 3, 5 bins), the feature aggregation module in 3.3 (means over 2, 4, 8 pixels), joint training
with edges in section 4. Objective: BCE of the map, and the balanced edge loss of four edge maps.

Table I's 53.63 M are those of the network on VGG-16 with the edge branch (without it 52.51 M; on ResNet-50 68.26 M).

Deviations: edges are those of the masks, in each step beside the map, where the paper takes turns with another dataset's; windows of the
means end at the border where they do not fit (the authors' code drops the rest, and refuses images below 128 pixels).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import chained, resize_like, scaled
from tsernet.methods.vgg import vgg_stages

LEVELS = (128, 256, 512, 512)
"""Channels of VGG-16's stages 2…5 at width 1.0, at the sizes H/2, … H/16."""
BINS, WINDOWS = (1, 3, 5), (2, 4, 8)
EDGE_CHANNELS, JOINED = 16, 128
"""Of an edge branch's result, and of what the map is scored from."""


def _conv(inputs: int, outputs: int, kernel: int = 3) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2, bias=False)


def _active(inputs: int, outputs: int, kernel: int = 3) -> nn.Sequential:
    return nn.Sequential(_conv(inputs, outputs, kernel), nn.ReLU(inplace=True))


class Guidance(nn.Module):
    """The deepest features at four scales, and what each level is told of them (section 3.2)."""

    def __init__(self, channels: int, told: Sequence[int]) -> None:
        super().__init__()
        self.pyramid = nn.ModuleList(nn.Sequential(nn.AdaptiveAvgPool2d(bins), *_active(channels, channels, 1)) for bins in BINS)
        self.mix = _active((1 + len(BINS)) * channels, channels)
        self.tell = nn.ModuleList(_active(channels, count) for count in told)

    def forward(self, deepest: Tensor, levels: Sequence[Tensor]) -> list[Tensor]:
        guide = self.mix(torch.cat([deepest, *(resize_like(part(deepest), deepest, align=True) for part in self.pyramid)], dim=1))
        return [tell(resize_like(guide, level, align=True)) for tell, level in zip(self.tell, levels, strict=True)]


class Aggregation(nn.Module):
    """Means over windows of several sizes, each convolved, summed (section 3.3)."""

    def __init__(self, channels: int, outputs: int, joins: bool) -> None:
        super().__init__()
        self.views = nn.ModuleList(nn.Sequential(nn.AvgPool2d(side, ceil_mode=True), _conv(channels, channels)) for side in WINDOWS)
        self.narrow = _conv(channels, outputs)
        self.join = _conv(outputs, outputs) if joins else None

    def forward(self, features: Tensor, level: Tensor | None = None, guide: Tensor | None = None) -> Tensor:
        """Join features with the next shallower level and its guidance, where there is one."""
        total = features
        for view in self.views:
            total = total + resize_like(view(features), features, align=True)
        total = torch.relu(total)
        if level is None or guide is None or self.join is None:
            last: Tensor = self.narrow(total)
            return last
        joined: Tensor = self.join(self.narrow(resize_like(total, level, align=True)) + level + guide)
        return joined


class EdgeBranch(nn.Module):
    """Two residual bottlenecks, then a few channels about edges."""

    def __init__(self, channels: int, outputs: int) -> None:
        super().__init__()
        narrow = max(1, channels // 4)
        self.blocks = nn.ModuleList(
            nn.Sequential(_conv(channels, narrow, 1), _conv(narrow, narrow), _conv(narrow, channels, 1)) for _ in range(2)
        )
        self.last = _conv(channels, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        for block in self.blocks:
            features = torch.relu(features + block(features))
        found: Tensor = self.last(features)
        return found


class PoolNet(SaliencyNetwork):
    """VGG-16, guidance, four aggregations from the deepest level to the shallowest, and edges from three of them."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        levels = [scaled(count, width) for count in LEVELS]
        stem, edge, joined = (scaled(count, width) for count in (64, EDGE_CHANNELS, JOINED))
        self.stem, self.stages = vgg_stages(stem, levels)
        told = list(reversed(levels[:-1]))
        self.guidance = Guidance(levels[-1], told)
        self.aggregate = nn.ModuleList(
            Aggregation(inputs, outputs, joins=True) for inputs, outputs in zip((levels[-1], *told), told, strict=False)
        )
        self.smooth = Aggregation(told[-1], joined, joins=False)
        self.edges = nn.ModuleList(EdgeBranch(count, edge) for count in told)
        self.edge_scores = nn.ModuleList(nn.Conv2d(edge, 1, 1) for _ in told)
        self.edge_score = nn.Conv2d(len(told), 1, 1)
        count = len(told) * edge
        self.edge_features = nn.Sequential(_active(count, count), _active(count, joined), _active(joined, joined), _active(joined, joined))
        self.score = nn.Conv2d(2 * joined, 1, 3, padding=1)

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`; the joint edge map is the last of the edges."""
        *shallow, here = chained(self.stages, self.stem(image))
        levels = list(reversed(shallow))
        guides = self.guidance(here, levels)
        found: list[Tensor] = []
        for aggregate, level, guide, branch in zip(self.aggregate, levels, guides, self.edges, strict=True):
            here = aggregate(here, level, guide)
            found.append(branch(here))
        here = self.smooth(here)
        edges = [resize_like(score(one), image, align=True) for score, one in zip(self.edge_scores, found, strict=True)]
        # The map takes what is known of edges, and leaves it as it is.
        known = torch.cat([resize_like(one.detach(), here, align=True) for one in found], dim=1)
        logits = self.score(torch.cat([here, self.edge_features(known)], dim=1))
        return Maps(resize_like(logits, image, align=True), (), (*edges, self.edge_score(torch.cat(edges, dim=1))))


METHOD = Method(PoolNet, "Liu et al., CVPR 2019", Objective(ssim=0, iou=0, f=0))
