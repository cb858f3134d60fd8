"""CPD: decode the deep features alone, and let a first map say where a second branch has to look.

Paper: Wu, Su, Huang, "Cascaded Partial Decoder for Fast and Accurate Salient Object Detection", CVPR 2019; holistic attention in section
3.3 (eqs. 3, 4), the partial decoder with its context module in 3.2 (eqs. 1, 2). Objective: BCE of both maps (section 3.4).

Table I's 29.20 M are those of the network on VGG-16, whose last two stages are there twice; the one on ResNet-50 (CPD-R) has 47.85 M.

Deviations: the attention is stretched by at least 0.001 of range where the paper's code adds 1e-8; the blur's kernel learns, as there;
maps are logits; weights start as params.yaml says and not normally with a deviation of 0.01.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from tsernet.methods.interface import Maps, Method, Objective, SaliencyNetwork
from tsernet.methods.layers import enlarge, enlarge_aligned, scaled, stretched
from tsernet.methods.vgg import vgg_stage

CONTEXT = 32
"""Channels of the context modules and of what is decoded, at width 1.0."""
_REACHES = (3, 5, 7)


class Context(nn.Module):
    """Look at four scales: convolutions of one row, of one column, then dilated by as much (section 3.2)."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.near = nn.Conv2d(inputs, channels, 1)
        self.far = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(inputs, channels, 1),
                nn.Conv2d(channels, channels, (1, reach), padding=(0, reach // 2)),
                nn.Conv2d(channels, channels, (reach, 1), padding=(reach // 2, 0)),
                nn.Conv2d(channels, channels, 3, padding=reach, dilation=reach),
            )
            for reach in _REACHES
        )
        self.mix = nn.Conv2d(4 * channels, channels, 3, padding=1)
        self.shortcut = nn.Conv2d(inputs, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        views = torch.cat([self.near(features), *(branch(features) for branch in self.far)], dim=1)
        return torch.relu(self.mix(views) + self.shortcut(features))


class Decoder(nn.Module):
    """Multiply what every deeper level sees into the shallower ones, then join them (eqs. 1, 2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()

        def same(times: int) -> nn.Conv2d:
            return nn.Conv2d(times * channels, times * channels, 3, padding=1)

        self.deep_to_middle, self.deep_to_shallow, self.middle_to_shallow = same(1), same(1), same(1)
        self.deep_beside, self.middle_beside = same(1), same(2)
        self.join_middle, self.join_shallow, self.smooth = same(2), same(3), same(3)
        self.score = nn.Conv2d(3 * channels, 1, 1)

    def forward(self, deep: Tensor, middle: Tensor, shallow: Tensor) -> Tensor:
        """Decode features at the sizes H/16, H/8, H/4; logits, (B, 1, H/4, W/4)."""
        up = enlarge_aligned(deep, 2)
        gated = self.deep_to_middle(up) * middle
        finest = self.deep_to_shallow(enlarge_aligned(up, 2)) * self.middle_to_shallow(enlarge_aligned(middle, 2)) * shallow
        joined = self.join_middle(torch.cat([gated, self.deep_beside(up)], dim=1))
        joined = self.join_shallow(torch.cat([finest, self.middle_beside(enlarge_aligned(joined, 2))], dim=1))
        logits: Tensor = self.score(self.smooth(joined))
        return logits


class Blur(nn.Conv2d):
    """A learnt 31×31 blur that begins as a Gaussian cut off at four deviations (eq. 4)."""

    keeps_start = True

    def __init__(self, side: int = 31, deviations: float = 4.0) -> None:
        super().__init__(1, 1, side, padding=side // 2, bias=False)
        step = (2 * deviations + (2 * deviations + 1) / side) / side
        below = [math.erf((index - side / 2) * step / math.sqrt(2)) for index in range(side + 1)]
        profile = torch.tensor(below, dtype=torch.float64, device="cpu").diff().sqrt()
        profile = profile / profile.sum()
        with torch.no_grad():
            self.weight.copy_(torch.outer(profile, profile)[None, None])


class Branch(nn.Module):
    """VGG-16's last two stages, a context module for each of three levels, and their decoder."""

    def __init__(self, inputs: int, channels: int, context: int) -> None:
        super().__init__()
        self.middle, self.deep = vgg_stage(inputs, channels, 3), vgg_stage(channels, channels, 3)
        self.see_deep, self.see_middle, self.see_shallow = (Context(count, context) for count in (channels, channels, inputs))
        self.decode = Decoder(context)

    def forward(self, shallow: Tensor) -> Tensor:
        middle = self.middle(shallow)
        logits: Tensor = self.decode(self.see_deep(self.deep(middle)), self.see_middle(middle), self.see_shallow(shallow))
        return logits


class CPD(SaliencyNetwork):
    """VGG-16 whose last two stages are there twice: for all features, and for those that the first map points at."""

    def __init__(self, width: float = 1.0) -> None:
        super().__init__(width)
        c64, c128, c256, c512 = (scaled(count, width) for count in (64, 128, 256, 512))
        context = scaled(CONTEXT, width)
        self.shared = nn.Sequential(vgg_stage(3, c64, 2, nn.Identity()), vgg_stage(c64, c128, 2), vgg_stage(c128, c256, 3))
        self.first, self.second = Branch(c256, c512, context), Branch(c256, c512, context)
        self.blur = Blur()

    def maps(self, image: Tensor) -> Maps:
        """As `SaliencyNetwork.maps`."""
        shallow = self.shared(image)
        first = self.first(shallow)
        attention = torch.sigmoid(first)
        final = self.second(shallow * torch.maximum(stretched(self.blur(attention)), attention))
        return Maps(enlarge(final, 4), (enlarge(first, 4),))


METHOD = Method(CPD, "Wu et al., CVPR 2019", Objective(ssim=0, iou=0, f=0))
