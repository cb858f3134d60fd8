"""Stage two: a small encoder-decoder that sharpens the initial map along the edges."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.models.blocks import Concatenation, ConvNormReLU, conv3, enlarge, scaled
from tsernet.models.variants import Parts

LEVELS = 5


class EdgeRefinement(nn.Module):
    """Fuse features, the deeper level and edges from two sources (there "ERM").

    Self-edges are ReLU(h − AVG(h)) (eq. 5); with the predicted edge map, lifted to as many channels, they make the edge
    features (eq. 6); one convolution layer joins everything (eq. 7). A variant may lack either source of edges.

    Args:
        channels: Of every feature map.
        parts: Of the variant.
    Source: Han et al., TIM 2022, eqs. 5–7.
    """

    def __init__(self, channels: int, parts: Parts) -> None:
        super().__init__()
        self.self_edge = parts.self_edge
        self.lift_edge = conv3(1, channels) if parts.edge_map else None
        sources = int(parts.self_edge) + int(parts.edge_map)
        self.join_edges = ConvNormReLU(sources * channels, channels)
        self.join_all = ConvNormReLU(3 * channels, channels)

    def forward(self, deeper: Tensor, features: Tensor, edge: Tensor) -> Tensor:
        edges = [] if self.lift_edge is None else [self.lift_edge(edge)]
        if self.self_edge:
            edges.append(self_edges(features))
        joined = self.join_edges(torch.cat(edges, dim=1))
        everything: Tensor = self.join_all(torch.cat((deeper, features, joined), dim=1))
        return everything


def self_edges(features: Tensor) -> Tensor:
    """Find where features rise above their 3×3 neighbourhood: ReLU(h − AVG(h)), zero padding counted.

    In a training on the CPU it is one convolution of each channel by itself, with 8/9 in the middle and −1/9 around it, which takes a
    sixth of the time of the average's two ways.

    Source: Han et al., TIM 2022, eq. 5.
    """
    if features.requires_grad and features.device.type == "cpu":
        kernel = torch.full((features.shape[1], 1, 3, 3), -1 / 9, dtype=features.dtype)
        kernel[:, :, 1, 1] += 1
        return F.relu(F.conv2d(features, kernel, padding=1, groups=features.shape[1]), inplace=True)
    return F.relu(features - F.avg_pool2d(features, 3, stride=1, padding=1), inplace=True)


class RefinementNet(nn.Module):
    """Purify the initial saliency map.

    Args:
        width: Channel multiplier.
        parts: Of the variant.
    Source: Han et al., TIM 2022, section III-C (there "sub-net").
    """

    def __init__(self, width: float, parts: Parts) -> None:
        super().__init__()
        channels = scaled(64, width)
        self.lift = conv3(1, channels)
        self.encoder = nn.ModuleList(ConvNormReLU(channels, channels) for _ in range(LEVELS))
        self.decoder = nn.ModuleList(
            EdgeRefinement(channels, parts) if parts.refinement else Concatenation(2 * channels + 1, channels) for _ in range(LEVELS - 1)
        )
        self.purify = conv3(channels, 1)
        self.sides = nn.ModuleList(conv3(channels, 1) for _ in range(LEVELS - 1))

    def forward(self, initial: Tensor, edges: Sequence[Tensor]) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Refine.

        Args:
            initial: The initial map's logits, (B, 1, H, W).
            edges: Edge logits at H, H/2, H/4, H/8.
        Returns:
            The final map's logits, and the four side outputs' logits, all (B, 1, H, W), shallowest first.
        """
        features = self._encode(initial)
        deeper = features[-1]
        sides: list[Tensor] = []
        for level in reversed(range(LEVELS - 1)):
            deeper = self.decoder[level](enlarge(deeper, 2), features[level], edges[level])
            sides.insert(0, enlarge(self.sides[level](deeper), 2**level))
        return initial + self.purify(deeper), tuple(sides)

    def _encode(self, initial: Tensor) -> list[Tensor]:
        features = [self.encoder[0](self.lift(initial))]
        for layer in self.encoder[1:]:
            features.append(layer(F.max_pool2d(features[-1], 2, ceil_mode=True)))
        return features
