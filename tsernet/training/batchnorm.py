"""BatchNorm's statistics, taken anew for the weights as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from tsernet.training.batchnorm_layers import NORMS


@contextmanager
def recomputed_statistics(network: nn.Module, batches: Iterable[Tensor]) -> Iterator[None]:
    """Inside the block, BatchNorm's running statistics are the plain means over the batches; afterwards as before.

    The running averages of a training follow the weights with a delay of some ten steps and forget their start slowly,
    which in a training of a few hundred steps costs more than all else.

    Args:
        network: Left in eval mode inside the block.
        batches: Network inputs, (B, 3, H, W) each; none leaves everything as it is.
    """
    layers = [layer for layer in network.modules() if isinstance(layer, NORMS)]
    kept = [({name: buffer.clone() for name, buffer in layer.named_buffers()}, layer.momentum) for layer in layers]
    was_training = network.training
    try:
        _accumulate(network, layers, batches)
        network.eval()
        yield
    finally:
        for layer, (buffers, momentum) in zip(layers, kept, strict=True):
            layer.momentum = momentum
            for name, buffer in layer.named_buffers():
                buffer.copy_(buffers[name])
        network.train(was_training)


@torch.no_grad()
def _accumulate(network: nn.Module, layers: list[nn.BatchNorm2d | nn.SyncBatchNorm], batches: Iterable[Tensor]) -> None:
    for index, batch in enumerate(batches):
        if index == 0:
            for layer in layers:
                layer.reset_running_stats()
                layer.momentum = None  # the cumulative mean over all batches
            network.train()
        network(batch)
