"""The ways to a network: with fresh weights, or without any for those that come from a file."""

from __future__ import annotations

import torch

from tsernet.models.encoder_weights import load_encoder_weights
from tsernet.models.network import TSERNet


def build_tsernet(variant: str = "full", width: float = 1.0, pretrained: bool = False) -> TSERNet:
    """Build a network with fresh weights.

    Args:
        variant: One of `VARIANTS`.
        width: Multiplier of every channel count, above 0.
        pretrained: Put torchvision's ImageNet weights into the encoder (width 1.0 only; fetched on first use).
    Raises:
        ValueError: If the variant is unknown or the width not positive.
        UserError: If `pretrained` and the width is not 1.0 or the weights cannot be had.
    """
    model = TSERNet(variant, width)
    if pretrained:
        load_encoder_weights(model, "imagenet")
    return model


def outline_tsernet(variant: str = "full", width: float = 1.0) -> TSERNet:
    """Build a network's outline: names and shapes on the meta device, no memory and no time spent on fresh weights.

    `outline.to_empty(device=...)` gives it room for weights that are then loaded.

    Raises:
        ValueError: If the variant is unknown or the width not positive.
    """
    with torch.device("meta"):
        return TSERNet(variant, width)
