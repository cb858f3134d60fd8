"""Run a model in train mode on the reference's image, in the arithmetic that the reference was made with: MODEL FIGURES OUT.

A process of its own, because the instruction set is chosen once, by the environment. In AVX2 every layer but three sums in the reference's
order by itself. The 1×1 convolution does with more than one thread. Those of dilation 4 and 6 go through oneDNN's matrix product, which
divides its work by the size of the second-level cache; here they add in its order on a processor with 512 KiB of it (docs, parity).
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tsernet.weights import load_model

# 576 summands a pixel (64 channels of 3×3) go into three sums, which are added up at last.
SUMS = (0, 256, 416, 576)
# Pixels are worked on 133 at a time, 16 together; what is left of a whole 133, five, goes through a narrower kernel.
PIXELS, TOGETHER = 133, 16


class InReferenceOrder(nn.Module):
    """A 3×3 convolution, 64 channels to 64 on 32×32 pixels, that adds in the reference's order."""

    def __init__(self, layer: nn.Conv2d) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, features: Tensor) -> Tensor:
        columns = F.unfold(features, 3, self.layer.dilation, self.layer.padding).double()
        weights, bias = self.layer.weight.flatten(1).double(), self.layer.bias
        places = torch.arange(columns.shape[2])
        whole = places < places.numel() // PIXELS * PIXELS
        narrow = whole & (places % PIXELS >= PIXELS // TOGETHER * TOGETHER)
        sums = [wide_and_narrow(weights[:, start:end], columns[:, start:end], narrow) for start, end in pairwise(SUMS)]
        return (sums[0] + sums[1] + sums[2] + bias[:, None]).unflatten(2, features.shape[2:])


def wide_and_narrow(weights: Tensor, columns: Tensor, narrow: Tensor) -> Tensor:
    """The wide kernel adds one product after the other; the narrow one the even and the odd ones apart."""
    product = one_after_the_other(weights, columns)
    apart = (one_after_the_other(weights[:, part::2], columns[:, part::2, narrow]) for part in (0, 1))
    product[..., narrow] = next(apart) + next(apart)
    return product


def one_after_the_other(weights: Tensor, columns: Tensor) -> Tensor:
    """Add weights (O, K) times columns (B, K, N) for k = 0, 1, 2 …, each product fused with its addition.

    In float64 a product of two float32 numbers is exact, so that only the sum is rounded, to float32, as in a fused multiply-add.
    """
    total = torch.zeros(len(columns), len(weights), columns.shape[2])
    for weight, column in zip(weights.unbind(1), columns.unbind(1), strict=True):
        total = torch.addcmul(total.double(), weight[:, None], column[:, None]).float()
    return total


if __name__ == "__main__":
    torch.set_num_threads(1)
    model, _ = load_model(Path(sys.argv[1]))
    fusion = model.edge.fusion
    # ATen itself computes this one where there is one thread. Everywhere, two threads on a busy machine would wait for each other.
    fusion.narrow.conv.register_forward_pre_hook(lambda *_: torch.set_num_threads(2))
    fusion.narrow.conv.register_forward_hook(lambda *_: torch.set_num_threads(1))
    for branch in fusion.branches[2:]:
        branch.conv = InReferenceOrder(branch.conv)
    model.train()
    with np.load(sys.argv[2]) as figures, torch.no_grad():
        output = model(torch.from_numpy(figures["input"]))
    np.savez(sys.argv[3], *(logits.numpy() for logits in (*output.supervised, output.edge)))
