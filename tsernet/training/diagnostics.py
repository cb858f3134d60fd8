"""How a network stands at one moment of its training: what reaches each part backwards, which channels are dead, how far the gates open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from tsernet.losses import tsernet_loss
from tsernet.methods.interface import SaliencyNetwork
from tsernet.models import TSERNet
from tsernet.models.blocks import ConvNormReLU, reversed_gate
from tsernet.models.decoder import Background, Foreground
from tsernet.models.encoder import BasicBlock

_ENDS_IN_RELU = (ConvNormReLU, BasicBlock)


class PartHealth(NamedTuple):
    """One part of the network.

    Attributes:
        name: As it stands in the network.
        gradient: Norm of the gradient over the norm of the weights: how large a step of plain descent would be.
        dead: Share of the channels behind a ReLU that are zero at every pixel of the batch.
        gate: Mean opening of the gates in [0, 1]; NaN where the part has none.
    """

    name: str
    gradient: float
    dead: float
    gate: float


def diagnose(network: SaliencyNetwork, image: Tensor, mask: Tensor, edge: Tensor) -> tuple[float, list[PartHealth]]:
    """Run one batch forward and backward and look.

    Args:
        network: One of TSERNet's variants, in train mode; its gradients and running statistics change, its weights do not.
        image: Normalised, (B, 3, H, W).
        mask: In {0, 1}, (B, 1, H, W).
        edge: Likewise.
    Raises:
        TypeError: If it is another network.
    Returns:
        The loss, and the parts from the image to the final map.
    """
    if not isinstance(network, TSERNet):
        raise TypeError(f"expected a TSERNet, got {type(network).__name__}")
    dead: dict[nn.Module, Tensor] = {}
    gates: dict[nn.Module, Tensor] = {}
    network.zero_grad(set_to_none=True)
    with _watched(network, dead, gates):
        total = tsernet_loss(network(image), mask, edge).total
    total.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward unannotated
    parts = [PartHealth(name, _relative_gradient(part), _mean(dead, part), _mean(gates, part)) for name, part in _parts(network)]
    return total.item(), parts


def _parts(network: TSERNet) -> Iterator[tuple[str, nn.Module]]:
    yield "stem", network.encoder.stem
    for number, stage in enumerate(network.encoder.stages, 1):
        yield f"encoder {number}", stage
    yield "bridge", network.bridge
    yield "edge", network.edge
    for number in reversed(range(len(network.decoder))):
        yield f"decoder {number + 1}", network.decoder[number]
    if network.subnet is not None:
        yield "second stage", network.subnet


@contextmanager
def _watched(network: nn.Module, dead: dict[nn.Module, Tensor], gates: dict[nn.Module, Tensor]) -> Iterator[None]:
    def after_relu(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        dead[layer] = (output.detach().amax(dim=(0, 2, 3)) == 0).float()

    def at_gate(half: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        gates[half] = reversed_gate(inputs[1].detach())

    handles = [layer.register_forward_hook(after_relu) for layer in network.modules() if isinstance(layer, _ENDS_IN_RELU)]
    handles += [half.register_forward_pre_hook(at_gate) for half in network.modules() if isinstance(half, Background | Foreground)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _relative_gradient(part: nn.Module) -> float:
    weights = list(part.parameters())
    gradient = sum(float(weight.grad.square().sum()) for weight in weights if weight.grad is not None)
    return float((gradient / sum(float(weight.detach().square().sum()) for weight in weights)) ** 0.5)


def _mean(values: dict[nn.Module, Tensor], part: nn.Module) -> float:
    found = [values[module].flatten() for module in part.modules() if module in values]
    return float(torch.cat(found).mean()) if found else float("nan")
