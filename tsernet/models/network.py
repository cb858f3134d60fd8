"""The whole network, assembled from its parts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor, nn

from tsernet.methods.interface import SaliencyNetwork
from tsernet.models.blocks import conv3, enlarge, pyramid, scaled, three
from tsernet.models.decoder import STAGE_OUTPUTS, DecoderStage
from tsernet.models.edge import EdgeModule
from tsernet.models.encoder import STAGE_CHANNELS, Encoder
from tsernet.models.refinement import RefinementNet
from tsernet.models.variants import parts_of
from tsernet.runtimes.session import SIZE_MULTIPLE

STAGES = 6


class TSERNetOutput(NamedTuple):
    """Every map the network makes: logits, (B, 1, H, W), at the input's size.

    Attributes:
        final: Of stage two; None without it.
        initial: Of stage one.
        sides: Side outputs 2…6 of the decoder, then the bridge's.
        refinements: Side outputs 1…4 of stage two; empty without it.
        edge: The edge map.
    """

    final: Tensor | None
    initial: Tensor
    sides: tuple[Tensor, ...]
    refinements: tuple[Tensor, ...]
    edge: Tensor

    @property
    def saliency(self) -> Tensor:
        """The map to use: the final one, or the initial one where there is no second stage."""
        return self.initial if self.final is None else self.final

    @property
    def supervised(self) -> tuple[Tensor, ...]:
        """The maps that learn from the mask: final, initial, sides, refinements (twelve in the whole network)."""
        final = () if self.final is None else (self.final,)
        return (*final, self.initial, *self.sides, *self.refinements)

    @property
    def edges(self) -> tuple[Tensor, ...]:
        """The map that learns from the mask's edges."""
        return (self.edge,)


class TSERNet(SaliencyNetwork):
    """Mark every defect pixel in two stages that share one edge map.

    Args:
        variant: One of `VARIANTS`.
        width: Multiplier of every channel count, above 0.
    Raises:
        ValueError: If the variant is unknown or the width not positive.
    Source: Han, Li, Liu, "Two-Stage Edge Reuse Network for Salient Object Detection of Strip Steel Surface Defects", TIM 2022.
    """

    def __init__(self, variant: str = "full", width: float = 1.0) -> None:
        super().__init__(width)
        parts = parts_of(variant)
        self.variant = variant
        deepest = scaled(STAGE_CHANNELS[-1], width)
        self.encoder = Encoder(width, parts.encoder_stages_read)
        self.bridge = three(deepest, deepest, deepest, (2, 2, 2))
        self.edge = EdgeModule(width)
        self.decoder = nn.ModuleList(DecoderStage(stage, width, parts) for stage in range(1, STAGES + 1))
        self.sides = nn.ModuleList(conv3(scaled(count, width), 1) for count in STAGE_OUTPUTS)
        self.bridge_side = conv3(deepest, 1)
        self.subnet = RefinementNet(width, parts) if parts.subnet else None

    def maps(self, image: Tensor) -> TSERNetOutput:
        """As `SaliencyNetwork.maps`."""
        features = self.encoder(image)
        edges = pyramid(self.edge(features[1], features[-1]), STAGES)
        bridge = self.bridge(features[-1])
        initial, *sides = self._decode(features, bridge, edges)
        sides.append(enlarge(self.bridge_side(bridge), SIZE_MULTIPLE))
        final, refinements = (None, ()) if self.subnet is None else self.subnet(initial, edges)
        return TSERNetOutput(final, initial, tuple(sides), refinements, edges[0])

    def _decode(self, features: Sequence[Tensor], bridge: Tensor, edges: Sequence[Tensor]) -> list[Tensor]:
        """Return the side outputs 1…6 at the input's size; the first is the initial map."""
        deeper = bridge
        maps: list[Tensor] = []
        for index in reversed(range(STAGES)):
            if index < STAGES - 1:
                deeper = enlarge(deeper, 2)
            deeper = self.decoder[index](features[index], deeper, edges[index])
            maps.insert(0, enlarge(self.sides[index](deeper), 2**index))
        return maps
