"""The decoder of stage one: edge-aware fusion of foreground and background, stage by stage."""

from __future__ import annotations

from torch import Tensor, nn

from tsernet.models.blocks import Concatenation, ConvNormReLU, reversed_gate, scaled, three
from tsernet.models.encoder import STAGE_CHANNELS
from tsernet.models.variants import Parts

STAGE_OUTPUTS = (64, 64, 128, 256, 512, 512)
"""Channels that the stages 1…6 hand on at width 1.0: those of the next shallower stage's features."""


class Background(nn.Module):
    """Look in the encoder's features where the deeper stage sees nothing: C₃((1 − s(y)) ⊗ C(f)).

    Source: Han et al., TIM 2022, eq. 1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.adapt = ConvNormReLU(channels, channels)
        self.smooth = three(channels, channels, channels)

    def forward(self, features: Tensor, deeper: Tensor) -> Tensor:
        background: Tensor = self.smooth(reversed_gate(deeper) * self.adapt(features))
        return background


class Foreground(nn.Module):
    """Keep what lies inside the edges, then put the edges back: C₃(C₃(C(y) ⊗ (1 − s(e))) ⊕ e).

    The edge is added as raw logits, broadcast over the channels, as the released code does.

    Source: Han et al., TIM 2022, eqs. 2 and 3.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.adapt = ConvNormReLU(channels, channels)
        self.inside = three(channels, channels, channels)
        self.complete = three(channels, channels, channels)

    def forward(self, deeper: Tensor, edge: Tensor) -> Tensor:
        inside = self.inside(reversed_gate(edge) * self.adapt(deeper))
        foreground: Tensor = self.complete(inside + edge)
        return foreground


class EFBI(nn.Module):
    """Integrate foreground and background by their sum; a variant may lack either half.

    Source: Han et al., TIM 2022, eq. 4, whose C₃ is the decoder block that follows.
    """

    def __init__(self, channels: int, background: bool, foreground: bool) -> None:
        super().__init__()
        self.background = Background(channels) if background else None
        self.foreground = Foreground(channels) if foreground else None

    def forward(self, features: Tensor, deeper: Tensor, edge: Tensor) -> Tensor:
        if self.background is None:
            assert self.foreground is not None  # the variants' table gives every EFBI at least one half
            only: Tensor = self.foreground(deeper, edge)
            return only
        background: Tensor = self.background(features, deeper)
        return background if self.foreground is None else background + self.foreground(deeper, edge)


class DecoderStage(nn.Module):
    """One stage of the decoder: the fusion, then three convolution layers.

    Args:
        stage: 1…6, 6 being the deepest.
        width: Channel multiplier.
        parts: Of the variant.
    """

    def __init__(self, stage: int, width: float, parts: Parts) -> None:
        super().__init__()
        channels = scaled(STAGE_CHANNELS[stage - 1], width)
        if parts.concatenation:
            self.fuse: nn.Module = Concatenation(2 * channels + 1, channels)
        else:
            self.fuse = EFBI(channels, parts.background, parts.foreground)
        dilations = (1, 2, 2) if stage == 6 else (1, 1, 1)
        self.block = three(channels, channels, scaled(STAGE_OUTPUTS[stage - 1], width), dilations)

    def forward(self, features: Tensor, deeper: Tensor, edge: Tensor) -> Tensor:
        """Decode one stage.

        Args:
            features: f_i, (B, c, h, w).
            deeper: The deeper stage's output at this stage's size, (B, c, h, w).
            edge: Edge logits at this size, (B, 1, h, w).
        """
        decoded: Tensor = self.block(self.fuse(features, deeper, edge))
        return decoded
