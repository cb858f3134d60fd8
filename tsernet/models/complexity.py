"""What a network costs: parameters and multiply-accumulates."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tsernet.models.build import outline_tsernet


@dataclass(frozen=True)
class Complexity:
    """Trainable parameters, and multiply-accumulates of one image's forward pass."""

    parameters: int
    macs: int


def complexity_of(variant: str, width: float, size: int = 224) -> Complexity:
    """Count a variant's parameters and the multiply-accumulates of its convolutions.

    Runs on shapes alone, so that it takes no memory. BatchNorm, activations and resizing are left out, as is the custom: they
    are a few operations a value where a convolution is hundreds.

    Args:
        variant: One of `VARIANTS`.
        width: Channel multiplier.
        size: Height and width of the image, a multiple of 32.
    """
    model = outline_tsernet(variant, width).eval()
    macs = 0

    def count(layer: nn.Module, _: tuple[Tensor, ...], result: Tensor) -> None:
        nonlocal macs
        assert isinstance(layer, nn.Conv2d)
        macs += result.numel() * layer.weight[0].numel()

    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    model(torch.empty(1, 3, size, size, device="meta"))
    return Complexity(sum(parameter.numel() for parameter in model.parameters()), macs)
