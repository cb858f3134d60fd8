"""BASNet: predict, then refine by the difference that a second, small U-Net finds.

Paper: Qin, Zhang, Huang, Gao, Dehghan, Jagersand, "BASNet: Boundary-Aware Salient Object Detection", CVPR 2019; predict module in section
3.2 (ResNet-34 behind a stem without stride, two more stages, a dilated bridge), refine module in 3.3 (Fig. 4), objective in 3.4 (eqs. 1–6:
BCE, SSIM and IoU of eight maps, all alike).

Its six stages and what the decoder hands on are those that TSERNet has from it (`tsernet.models.encoder`, `decoder`).

Deviations: SSIM's window and constants are this project's.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import ConvNorm, enlarge, scaled
from tsernet.methods.resnet import decoder_step, six_stages, through_stages
from tsernet.models.blocks import three
from tsernet.models.decoder import STAGE_OUTPUTS
from tsernet.models.encoder import STAGE_CHANNELS

REFINED = 64
"""Channels of the refine module."""
_LEVELS = 4


class Refinement(nn.Module):
    """Four levels down, a bridge, four up; what it finds is added to the map (section 3.3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.lift = nn.Conv2d(1, channels, 3, padding=1)
        self.down = nn.ModuleList(ConvNorm(channels, channels, bias=True) for _ in range(_LEVELS))
        self.bridge = ConvNorm(channels, channels, bias=True)
        self.up = nn.ModuleList(ConvNorm(2 * channels, channels, bias=True) for _ in range(_LEVELS))
        self.residual = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, logits: Tensor) -> Tensor:
        features: list[Tensor] = []
        here = self.lift(logits)
        for layer in self.down:
            features.append(layer(here))
            here = F.max_pool2d(features[-1], 2)
        here = self.bridge(here)
        for layer, skip in zip(self.up, reversed(features), strict=True):
            here = layer(torch.cat([enlarge(here, 2), skip], dim=1))
        refined: Tensor = logits + self.residual(here)
        return refined


class BASNet(SaliencyNetwork):
    """Six stages down, a bridge, six up with a map each, and the refinement of the last."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        channels, outputs = ([scaled(count, width) for count in counts] for counts in (STAGE_CHANNELS, STAGE_OUTPUTS))
        self.stem = ConvNorm(3, channels[0], bias=True)
        self.stages = six_stages(channels)
        deepest = channels[-1]
        self.bridge = three(deepest, deepest, deepest, (2, 2, 2))
        self.decoder = nn.ModuleList(
            decoder_step(2 * found, found, result, index == len(channels) - 1)
            for index, (found, result) in enumerate(zip(channels, outputs, strict=True))
        )
        self.score = nn.ModuleList(nn.Conv2d(count, 1, 3, padding=1) for count in outputs)
        self.score_bridge = nn.Conv2d(deepest, 1, 3, padding=1)
        self.refine = Refinement(scaled(REFINED, width))

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`; behind the refined map that which it refines, then the deeper ones, the bridge's last."""
        features = through_stages(self.stages, self.stem(image))
        here = self.bridge(features[-1])
        found = [enlarge(self.score_bridge(here), 32)]
        for index in reversed(range(len(features))):
            here = here if index == len(features) - 1 else enlarge(here, 2)
            here = self.decoder[index](torch.cat([here, features[index]], dim=1))
            found.append(enlarge(self.score[index](here), 2**index))
        return Maps(self.refine(found[-1]), tuple(reversed(found)))


METHOD = Method(BASNet, "Qin et al., CVPR 2019", Objective(f=0))
