"""The edge generation module: one edge map out of deep context and shallow detail."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.models.blocks import ConvNormReLU, conv3, enlarge, scaled, three

DILATIONS = (1, 2, 4, 6)


class MultiScaleFusion(nn.Module):
    """Look at the same features with four receptive fields and score each pixel.

    Source: Han et al., TIM 2022, section III-A.
    """

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.narrow = ConvNormReLU(inputs, channels, kernel=1)
        self.branches = nn.ModuleList(ConvNormReLU(channels, channels, dilation) for dilation in DILATIONS)
        self.score = conv3(len(DILATIONS) * channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        narrow = self.narrow(features)
        scores: Tensor = self.score(torch.cat([branch(narrow) for branch in self.branches], dim=1))
        return scores


class EdgeModule(nn.Module):
    """Generate the edge map that both stages reuse.

    Args:
        width: Channel multiplier.
    Source: Han et al., TIM 2022, section III-A (there "EGM"); the last two convolutions stand in the released code.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        deep, shallow, narrow = (scaled(count, width) for count in (512, 128, 64))
        self.context = three(deep, deep, deep)
        self.squeeze = conv3(deep, shallow)
        self.fusion = MultiScaleFusion(shallow, narrow)
        self.widen = conv3(1, shallow)
        self.score = conv3(shallow, 1)

    def forward(self, detail: Tensor, context: Tensor) -> Tensor:
        """Fuse both and score.

        Args:
            detail: f₂, (B, 128·width, H/2, W/2).
            context: f₆, (B, 512·width, H/32, W/32).
        Returns:
            Edge logits, (B, 1, H, W).
        """
        context = F.relu(self.squeeze(self.context(context)), inplace=True)
        fused = self.fusion(enlarge(context, 16) + detail)
        return enlarge(self.score(self.widen(fused)), 2)
