"""What a network computes, as data: a list of steps that a model file carries, and that becomes an ONNX graph here.

A step is `[operator, [the values that it takes], {its settings}]`; value 0 is the image, value n what step n − 1 gives; the last step gives
the saliency logits. The operators are those of `_STEPS` and no others, so that a file can ask for nothing but layers, and the weights are
the file's own. `tsernet.methods.graph` writes the list from a PyTorch module.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from tsernet.runtimes.onnx_layers import Layers
from tsernet.runtimes.onnx_shapes import adaptive_pool, pool, resize_like, shuffle

Step = Callable[..., str]
_MOST_STEPS = 20_000


def run_program(layers: Layers, image: str, text: str) -> str:
    """Add a program's steps to a graph.

    Args:
        layers: The graph, with the file's tensors.
        image: Name of its input.
        text: The program, JSON.
    Returns:
        Name of the saliency logits.
    Raises:
        ValueError: If it is no program, or a step does not fit to the tensors.
    """
    values = [image]
    for number, (operator, inputs, settings) in enumerate(_parse(text)):
        try:
            taken = [values[place] for place in inputs]
            values.append(_STEPS[operator](layers, *taken, **settings))
        except (TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"step {number} of its graph, {operator}, cannot be read ({error})") from None
    return values[-1]


def _parse(text: str) -> list[tuple[str, list[int], dict[str, Any]]]:
    try:
        steps = json.loads(text)
    except ValueError as error:
        raise ValueError(f"its graph is not JSON ({error})") from None
    if not isinstance(steps, list) or not 0 < len(steps) <= _MOST_STEPS:
        raise ValueError(f"its graph must be a list of 1 to {_MOST_STEPS} steps")
    for number, step in enumerate(steps):
        fits = isinstance(step, list) and len(step) == 3 and isinstance(step[1], list) and isinstance(step[2], dict)
        if not fits or not all(type(place) is int and 0 <= place <= number for place in step[1]):
            raise ValueError(f"step {number} of its graph must be [operator, [earlier values], {{settings}}]")
        if step[0] not in _STEPS:
            raise ValueError(f"step {number} of its graph asks for {str(step[0])[:40]!r}, expected one of {', '.join(_STEPS)}")
    return [tuple(step) for step in steps]


def _conv(
    layers: Layers, given: str, *, name: str, norm: str = "", stride: int = 1, dilation: int = 1, groups: int = 1, padding: Sequence[int]
) -> str:
    high, wide = padding
    return layers.conv(given, name, norm, stride=stride, dilation=dilation, groups=groups, padding=(high, wide))


def _affine(layers: Layers, given: str, *, factor: float, offset: float) -> str:
    return layers.affine(given, float(factor), float(offset))


_STEPS: dict[str, Step] = {
    "conv": _conv,
    "norm": lambda layers, given, *, name: layers.norm(given, name),
    "relu": lambda layers, given: layers.relu(given),
    "prelu": lambda layers, given, *, name: layers.prelu(given, name),
    "sigmoid": lambda layers, given: layers.plain("Sigmoid", given),
    "add": lambda layers, one, other: layers.combine("Add", one, other),
    "div": lambda layers, one, other: layers.combine("Div", one, other),
    "exp": lambda layers, given: layers.plain("Exp", given),
    "sub": lambda layers, one, other: layers.combine("Sub", one, other),
    "mul": lambda layers, one, other: layers.combine("Mul", one, other),
    "max": lambda layers, one, other: layers.combine("Max", one, other),
    "affine": _affine,
    "concat": lambda layers, *parts: layers.concat(parts),
    "channels": lambda layers, given, *, start, stop: layers.channel_slice(given, start, stop),
    "softmax": lambda layers, given: layers.plain("Softmax", given, axis=1),
    "mean": lambda layers, given: layers.plain("GlobalAveragePool", given),
    "peak": lambda layers, given: layers.plain("GlobalMaxPool", given),
    "channel_mean": lambda layers, given: layers.add("ReduceMean", [given], 1, axes=[1], keepdims=1),
    "channel_peak": lambda layers, given: layers.add("ReduceMax", [given], 1, axes=[1], keepdims=1),
    "shuffle": lambda layers, given, *, groups: shuffle(layers, given, groups),
    "max_pool": lambda layers, given, **how: pool(layers, "MaxPool", given, **how),
    "avg_pool": lambda layers, given, **how: pool(layers, "AveragePool", given, **how),
    "adaptive_pool": lambda layers, given, *, bins: adaptive_pool(layers, given, bins),
    "resize": lambda layers, given, *, factor, align=False: layers.resize(given, factor, align),
    "repeat": lambda layers, given, *, factor: layers.repeat(given, factor),
    "resize_like": lambda layers, given, like, *, align=False: resize_like(layers, given, like, align),
    "stretch": lambda layers, given: layers.stretched(given),
}
