"""What a network costs: parameters and multiply-accumulates."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor, nn

from tsernet.methods.registry import outline_network

_NARROW = 0.0625


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
        variant: Name of a network, as `tsernet.methods.network_names` lists them.
        width: Channel multiplier.
        size: Height and width of the image, a multiple of 32.
    """
    model = outline_network(variant, width)
    convolutions = dict(model.named_modules())
    macs = sum(places * convolutions[name].weight.numel() for name, places in _convolved_places(variant, size))
    return Complexity(sum(parameter.numel() for parameter in model.parameters()), macs)


@cache
def _convolved_places(variant: str, size: int) -> tuple[tuple[str, int], ...]:
    """List every call of a convolution: its name, and at how many places of the image its kernel is applied.

    They are those of any width, so a narrow network tells them; the walk through it is most of the work.
    """
    model = outline_network(variant, _NARROW).eval()
    calls: list[tuple[str, int]] = []

    def note(name: str, result: Tensor) -> None:
        calls.append((name, result.shape[-2] * result.shape[-1]))

    for name, layer in model.named_modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda _, __, result, name=name: note(name, result))
    with torch.inference_mode():
        model(torch.empty(1, 3, size, size, device="meta"))
    return tuple(calls)
