"""The one way to a network."""

from __future__ import annotations

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
