"""GCPANet: join low, high and global features, each level told of the whole.

Paper: Chen, Xu, Cong, Huang, "Global Context-Aware Progressive Aggregation Network for Salient Object Detection", AAAI 2020; feature
interweaved aggregation (eqs. 1–4), self refinement (eq. 5), head attention (eqs. 6–8), global context flow (eqs. 9, 10); on ResNet-50.
Objective: BCE of four maps, the finest counts 1, the others 0.8, 0.6, 0.4 (eq. 11).

Deviations: none known but the objective's reduction, which is the mean.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import ConvNorm, resize_like, scaled
from tsernet.methods.resnet import ResNet50, resnet_channels

CHANNELS = 256
"""Of everything behind the encoder, at width 1.0."""


class Context(nn.Module):
    """Weigh channels by what the deepest features are on the whole (eqs. 7–10)."""

    def __init__(self, inputs: int, deepest: int, channels: int) -> None:
        super().__init__()
        self.adapt = ConvNorm(inputs, channels, 1, bias=True)
        self.gate = nn.Sequential(nn.Conv2d(deepest, channels, 1), nn.ReLU(inplace=True), nn.Conv2d(channels, channels, 1), nn.Sigmoid())

    def forward(self, features: Tensor, deepest: Tensor) -> Tensor:
        weighed: Tensor = self.adapt(features) * self.gate(deepest.mean(dim=(2, 3), keepdim=True))
        return weighed


class Modulation(nn.Module):
    """Multiply by one half of the channels that are learnt and add the other (eqs. 5, 6)."""

    def __init__(self, inputs: int, source: int, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.adapt = ConvNorm(inputs, channels, bias=True)
        self.learn = nn.Conv2d(source, 2 * channels, 3, padding=1)

    def forward(self, features: Tensor, source: Tensor | None = None) -> Tensor:
        adapted = self.adapt(features)
        learnt = self.learn(adapted if source is None else source)
        return torch.relu(learnt[:, : self.channels] * adapted + learnt[:, self.channels : 2 * self.channels])


class Interweaving(nn.Module):
    """Join the encoder's features, the deeper level and the context, each through the others (eqs. 1–4)."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.near, self.deep, self.whole = (ConvNorm(count, channels, bias=True) for count in (inputs, channels, channels))
        self.from_near, self.from_deep, self.from_whole = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(3))
        self.mix = ConvNorm(3 * channels, channels, bias=True)

    def forward(self, near: Tensor, deep: Tensor, whole: Tensor) -> Tensor:
        near, deep, whole = self.near(near), self.deep(deep), self.whole(whole)
        through_near = torch.relu(self.from_near(near) * resize_like(deep, near))
        through_deep = torch.relu(resize_like(self.from_deep(deep), near) * near)
        through_whole = torch.relu(resize_like(self.from_whole(whole), near) * near)
        mixed: Tensor = self.mix(torch.cat([through_near, through_deep, through_whole], dim=1))
        return mixed


class GCPANet(SaliencyNetwork):
    """ResNet-50, head attention, three interweavings, each refined."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        found, channels = resnet_channels(width), scaled(CHANNELS, width)
        deepest = found[-1]
        self.encoder = ResNet50(width)
        self.head = Modulation(deepest, deepest, channels)
        self.head_context = Context(channels, deepest, channels)
        self.contexts = nn.ModuleList(Context(deepest, deepest, channels) for _ in range(3))
        self.weave = nn.ModuleList(Interweaving(count, channels) for count in reversed(found[1:-1]))
        self.refine = nn.ModuleList(Modulation(channels, channels, channels) for _ in range(4))
        self.score = nn.ModuleList(nn.Conv2d(channels, 1, 3, padding=1) for _ in range(4))

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`; the finest map is the final one, the coarsest the last."""
        _, *features, deepest = self.encoder(image)
        here = self.refine[0](self.head_context(self.head(deepest, deepest), deepest))
        found = [resize_like(self.score[0](here), image)]
        for level, near in enumerate(reversed(features)):
            here = self.refine[level + 1](self.weave[level](near, here, self.contexts[level](deepest, deepest)))
            found.append(resize_like(self.score[level + 1](here), image))
        return Maps(found[-1], tuple(reversed(found[:-1])))


METHOD = Method(GCPANet, "Chen et al., AAAI 2020", Objective(ssim=0, iou=0, f=0, maps=(1.0, 0.8, 0.6, 0.4)))
