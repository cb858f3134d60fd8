"""DACNet: see the image at three scales by one encoder, and tell every decoder step what all deeper ones have marked; made for strip steel.

Paper: Zhou, Fang, Liu, Zheng, Sun, Zhang, Yan, "Dense Attention-Guided Cascaded Network for Salient Object Detection of Strip Steel
Surface Defects", TIM 2021: an encoder over three resolutions, joined in a cascade where they meet; dense attention, the maps of deeper
steps beside the features of each; BCE, SSIM and IoU of seven maps, all alike. Read from the abstract, the released code's layers and its
training; the paper's text was not at hand, so no equation is named.

The six stages are BASNet's (`tsernet.methods.resnet`), with one set of weights for the three scales. 98.39 M parameters, as in Table I.

Deviations: SSIM's window and constants are this project's.
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

_SCALES = (2, 4)
"""By how much the image is made smaller for the second and the third scale, which go through one stage less each."""


class DACNet(SaliencyNetwork):
    """Three scales, a cascade, a bridge, and six decoder steps with a map each."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        channels, outputs = ([scaled(count, width) for count in counts] for counts in (STAGE_CHANNELS, STAGE_OUTPUTS))
        self.stem = ConvNorm(3, channels[0], bias=True)
        self.stages = six_stages(channels)
        third, second, deepest = channels[-3:]
        self.join_smaller = nn.Conv2d(third + second, deepest, 3, padding=1)
        self.join = nn.Conv2d(deepest + deepest + third, deepest, 3, padding=1)
        self.bridge = three(deepest, deepest, deepest, (2, 2, 2))
        self.decoder = nn.ModuleList()
        last = len(channels) - 1
        for index, (found, result) in enumerate(zip(channels, outputs, strict=True)):
            given = deepest if index == last else outputs[index + 1]
            self.decoder.append(decoder_step(given + found + max(0, last - 1 - index), found, result, index == last))
        self.score = nn.ModuleList(nn.Conv2d(count, 1, 3, padding=1) for count in outputs)
        self.score_bridge = nn.Conv2d(deepest, 1, 3, padding=1)

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`; behind the final map the deeper ones, the bridge's last."""
        features = through_stages(self.stages, self.stem(image))
        second, third = (
            through_stages(self.stages[: len(features) - place], self.stem(F.max_pool2d(image, factor)))[-1]
            for place, factor in enumerate(_SCALES, start=1)
        )
        deepest = self.join(torch.cat([features[-1], self.join_smaller(torch.cat([third, second], dim=1)), third], dim=1))
        features[-1] = deepest
        here = bridge = self.bridge(deepest)
        found: list[Tensor] = []
        for index in reversed(range(len(features))):
            here = here if index == len(features) - 1 else enlarge_aligned(here, 2)
            # What deeper steps have marked, but for the last one, whose features are there.
            told = [enlarge_aligned(one, 2 ** (len(features) - 1 - place - index)) for place, one in enumerate(found[:-1])]
            here = self.decoder[index](torch.cat([here, features[index], *told], dim=1))
            found.append(self.score[index](here))
        whole = [one if index == 0 else enlarge_aligned(one, 2**index) for index, one in enumerate(reversed(found))]
        return Maps(whole[0], (*whole[1:], enlarge_aligned(self.score_bridge(bridge), 32)))


METHOD = Method(DACNet, "Zhou et al., TIM 2021", Objective(f=0))
