"""Layers of TSERNet in forms that give the same values in less time, measured in docs/explanation/performance.md.

Their weights are made from a model file's; in a graph that was written they stand as they are (`Layers.folded`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tsernet.runtimes.onnx_layers import Layers
from tsernet.runtimes.session import Array

_BLOCK = 2
"""Side of the block of pixels that a convolution to one channel computes at once."""
_PHASES = np.array([[0.25, 0.75, 0.0], [0.0, 0.75, 0.25]], np.float32)
"""What the pixels before, at and behind a place give to each of the two that an enlargement makes of it."""


def map_blocks(layers: Layers, given: str, name: str) -> str:
    """Convolve (3×3) to one channel, for blocks of 2×2 pixels; height and width are even.

    Eight values are computed in the time of one, so the four pixels of a block are channels here: `unblocked` puts them in their places.
    """
    kernel, bias = layers.kernel(name)
    if not layers.folded:
        places = [(row, column) for row in range(_BLOCK) for column in range(_BLOCK)]
        kernel = np.concatenate([np.pad(kernel, ((0, 0), (0, 0), (row, 1 - row), (column, 1 - column))) for row, column in places])
        bias = np.repeat(bias, len(places))
    made = layers.convolve(given, name, kernel, bias, stride=_BLOCK, padding=(1, 1))
    del layers.conv_inputs[name]  # nobody may round it to eight bits: all else hangs on a map of one channel
    return made


def unblocked(layers: Layers, blocks: str) -> str:
    """Put the channels of `map_blocks` beside one another: a map of one channel."""
    return layers.add("DepthToSpace", [blocks], 1, blocksize=_BLOCK, mode="DCR")


def enlarge_map(layers: Layers, given: str) -> str:
    """Double height and width of a map of one channel bilinearly, as `Layers.resize` does."""
    kernel = np.einsum("ai,bj->abij", _PHASES, _PHASES).reshape(4, 1, 3, 3)
    padded = layers.add("Pad", [given, layers.integers([0, 0, 1, 1, 0, 0, 1, 1])], 1, mode="edge")
    shape = {"kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1], "pads": [0] * 4}
    return unblocked(layers, layers.add("Conv", [padded, layers.weight("enlarge_map.weight", kernel)], 4, **shape))


def self_edges(layers: Layers, given: str) -> str:
    """Find where features rise above their 3×3 neighbourhood, zero padding counted: ReLU(h − AVG(h)) as one convolution by channel."""
    channels = layers.channels(given)
    kernel = np.full((channels, 1, 3, 3), -1 / 9, np.float32)
    kernel[:, :, 1, 1] += 1
    shape = {"kernel_shape": [3, 3], "strides": [1, 1], "dilations": [1, 1], "pads": [1] * 4}
    return layers.relu(layers.add("Conv", [given, layers.weight(f"self_edges.{channels}", kernel)], channels, group=channels, **shape))


def conv_beside(layers: Layers, parts: Sequence[str], name: str, norm: str) -> str:
    """Convolve (3×3) values side by side without putting them there: the sum of each one's convolution, then ReLU."""
    takes, first = [], 0
    for number, part in enumerate(parts):
        takes.append((part, f"{name}.{number}", _channels(first, first + layers.channels(part))))
        first += layers.channels(part)
    return _summed(layers, takes, name, norm)


def conv_of_sum(layers: Layers, given: str, everywhere: str, name: str, norm: str) -> str:
    """Convolve (3×3) a value to each of whose channels a map was added, without adding it, then ReLU.

    The map's part has one channel of weights, the sum over all of them.
    """
    parts: list[_Part] = [(everywhere, f"{name}.map", _all_channels), (given, name, _channels(0, layers.channels(given)))]
    return _summed(layers, parts, name, norm)


_Part = tuple[str, str, Callable[[Array], Array]]
"""What is convolved, the name of its weights, and how they come from the whole convolution's."""


def _summed(layers: Layers, parts: Sequence[_Part], name: str, norm: str) -> str:
    total = ""
    for part, own, take in parts:
        kernel, bias = layers.kernel(own) if layers.folded else layers.kernel(name, norm)
        if not layers.folded:
            kernel, bias = take(kernel), np.zeros_like(bias) if total else bias
        made = layers.convolve(part, own, kernel, bias)
        total = layers.combine("Add", total, made) if total else made
    return layers.relu(total)


def _channels(start: int, stop: int) -> Callable[[Array], Array]:
    return lambda kernel: kernel[:, start:stop]


def _all_channels(kernel: Array) -> Array:
    summed: Array = kernel.sum(axis=1, keepdims=True)
    return summed
