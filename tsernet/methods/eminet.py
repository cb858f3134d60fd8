"""EMINet: give every decoder step its neighbours' features too, and learn edges beside each map; made for strip steel.

Paper: Zhou, Fang, Fei, Shi, Zhang, "Edge-Aware Multi-Level Interactive Network for Salient Object Detection of Strip Steel Surface
Defects", IEEE Access 2021: a U-shape whose decoder takes the encoder's adjacent levels as well; an edge branch behind every decoder step;
a last convolution over all maps and the finest edges. Read from the abstract, the released code's layers and its training; the paper's
text was not at hand, so no equation is named.

The six stages are BASNet's (`tsernet.methods.resnet`). BCE, SSIM and IoU of eight maps, all alike, and the edge loss of six edge maps.
99.13 M parameters, as in Table I.

Deviations: SSIM's window and constants are this project's; the edge loss is that of params.yaml, where the authors' is plain BCE.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import ConvNorm, enlarge_aligned, scaled
from tsernet.methods.resnet import decoder_step, six_stages, through_stages
from tsernet.models.blocks import three
from tsernet.models.decoder import STAGE_OUTPUTS
from tsernet.models.encoder import STAGE_CHANNELS


class EMINet(SaliencyNetwork):
    """Six stages down, a bridge, six steps up with a map and edges each, and one map of all."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        channels, outputs = ([scaled(count, width) for count in counts] for counts in (STAGE_CHANNELS, STAGE_OUTPUTS))
        self.stem = ConvNorm(3, channels[0], bias=True)
        self.stages = six_stages(channels)
        deepest, last = channels[-1], len(channels) - 1
        self.bridge = three(deepest, deepest, deepest, (2, 2, 2))
        self.decoder = nn.ModuleList()
        for index, (found, result) in enumerate(zip(channels, outputs, strict=True)):
            given = [deepest if index == last else outputs[index + 1], found, *_neighbours(channels, index)]
            self.decoder.append(decoder_step(sum(given), found, result, index == last))
        self.score_bridge = nn.Conv2d(deepest, 1, 3, padding=1)
        self.score = nn.ModuleList(nn.Conv2d(count, 1, 3, padding=1) for count in outputs)
        self.edge = nn.ModuleList(nn.Conv2d(count, 1, 3, padding=1) for count in outputs)
        self.fuse = nn.Conv2d(len(outputs) + 1, 1, 3, padding=1)

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`; behind the joint map those of the steps, the finest first, the bridge's last."""
        features = through_stages(self.stages, self.stem(image))
        here = bridge = self.bridge(features[-1])
        decoded: list[Tensor] = []
        for index in reversed(range(len(features))):
            parts = [here if not decoded else enlarge_aligned(here, 2), features[index]]
            parts += [F.max_pool2d(features[index - 1], 2)] if index else []
            parts += [enlarge_aligned(features[index + 1], 2)] if decoded else []
            here = self.decoder[index](torch.cat(parts, dim=1))
            decoded.append(here)
        deepest = enlarge_aligned(self.score_bridge(bridge), 32)
        maps, edges = (
            [_whole(layers[index](decoded[-1 - index]), index) for index in reversed(range(len(decoded)))]
            for layers in (self.score, self.edge)
        )
        final = self.fuse(torch.cat([*reversed(maps), edges[-1]], dim=1))
        return Maps(final, (*reversed(maps), deepest), tuple(reversed(edges)))


def _neighbours(channels: list[int], index: int) -> list[int]:
    """List the channels of the next shallower and the next deeper stage, where there are such."""
    return [*channels[index - 1 : index], *channels[index + 1 : index + 2]] if index else channels[1:2]


def _whole(maps: Tensor, level: int) -> Tensor:
    return enlarge_aligned(maps, 2**level) if level else maps


METHOD = Method(EMINet, "Zhou et al., IEEE Access 2021", Objective(f=0))
