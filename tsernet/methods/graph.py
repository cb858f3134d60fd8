"""What a network computes, read from its PyTorch module, in the form that `tsernet.runtimes.onnx_program` runs.

One definition serves training and every runtime: the module's `maps` is traced once (torch.fx) and each layer on the way to the
saliency map becomes a step. A layer that is not known here is refused by name, before anything is trained.
"""

from __future__ import annotations

import json
from typing import Any

from torch import fx, nn

from tsernet.errors import UserError
from tsernet.methods.graph_steps import CALLS, METHODS, Step, step_of_module
from tsernet.methods.interface import Maps, SaliencyNetwork
from tsernet.methods.layers import shuffle_channels, stretched
from tsernet.methods.names import TSERNET
from tsernet.models.encoder import StridedPointwise


class _Tracer(fx.Tracer):
    traced_func_name = "maps"

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """PyTorch's own layers and what computes as one of them does."""
        return (
            isinstance(m, StridedPointwise)
            or type(m).forward is nn.Conv2d.forward
            or bool(super().is_leaf_module(m, module_qualified_name))
        )


def graph_of(network: SaliencyNetwork) -> str:
    """Write what a network computes, from the image to its saliency logits; "" for TSERNet's variants, whose graph the runtimes know.

    Returns:
        JSON, as `tsernet.runtimes.onnx_program` reads it.
    Raises:
        UserError: If it is made of layers that are not known there; the message names one.
    """
    if network.variant in TSERNET:
        return ""
    try:
        traced = _Tracer(autowrap_functions=(stretched, shuffle_channels)).trace(network)
        return json.dumps(_steps(traced, dict(network.named_modules())), separators=(",", ":"))
    except (fx.proxy.TraceError, NotImplementedError, ValueError, TypeError) as error:
        said = " ".join(str(error).split())
        raise UserError(f"the method {network.variant}: what its `maps` computes cannot be written for other runtimes: {said}") from error


def _steps(traced: fx.Graph, modules: dict[str, nn.Module]) -> list[Step]:
    (output,) = (node for node in traced.nodes if node.op == "output")
    made = output.args[0]
    if not isinstance(made, fx.Node) or made.target is not Maps:
        raise ValueError("`maps` must give `Maps`")
    saliency = made.args[0]
    assert isinstance(saliency, fx.Node)
    steps: list[Step] = []
    places: dict[fx.Node, int] = {}
    for node in _leading_to(saliency):
        if node.op == "placeholder":
            places[node] = 0
            continue
        folded = _folded_norm(node, steps, places, modules)
        if folded:
            places[node] = folded
            continue
        step = _step(node, modules)
        if isinstance(step, fx.Node):
            places[node] = places[step]
            continue
        operator, inputs, settings = step
        steps.append((operator, [places[one] for one in inputs], settings))
        places[node] = len(steps)
    return steps


def _leading_to(result: fx.Node) -> list[fx.Node]:
    """List the nodes that a node's value comes from, itself the last; of a shape's reading only whose shape it is."""
    needed: set[fx.Node] = set()
    waiting = [result]
    while waiting:
        node = waiting.pop()
        if node not in needed:
            needed.add(node)
            waiting += node.all_input_nodes
    return [node for node in result.graph.nodes if node in needed and not _is_shape(node)]


def _is_shape(node: fx.Node) -> bool:
    if node.op == "call_function" and node.target is getattr:
        return bool(node.args[1] == "shape")
    taken = node.args[0] if node.args else None
    return node.op == "call_function" and "getitem" in str(node.target) and isinstance(taken, fx.Node) and _is_shape(taken)


def _folded_norm(node: fx.Node, steps: list[Step], places: dict[fx.Node, int], modules: dict[str, nn.Module]) -> int:
    """Make a BatchNorm part of the convolution whose result it alone takes; the place of that, or 0."""
    taken = node.args[0] if node.args else None
    if node.op != "call_module" or not isinstance(modules[str(node.target)], nn.BatchNorm2d):
        return 0
    if not isinstance(taken, fx.Node) or taken.op != "call_module" or len(taken.users) != 1:
        return 0
    place = places[taken]
    operator, _, settings = steps[place - 1]
    if operator != "conv" or "norm" in settings or settings["name"] != taken.target:
        return 0
    step_of_module(modules[str(node.target)], str(node.target))  # says so if it is not as usual
    settings["norm"] = str(node.target)
    return place


def _step(node: fx.Node, modules: dict[str, nn.Module]) -> tuple[str, list[fx.Node], dict[str, Any]] | fx.Node:
    """Say what a node does and to what; or which node's value it passes on."""
    if node.op == "call_module":
        name = str(node.target)
        found = step_of_module(modules[name], name)
        given = node.args[0]
        assert isinstance(given, fx.Node)
        return given if found is None else (found[0], [given], found[1])
    table = {"call_function": CALLS, "call_method": METHODS}.get(node.op, {})
    read = table.get(node.target)
    if read is None:
        raise ValueError(f"{node.op.replace('call_', '').replace('get_attr', 'a tensor of its own')} {_name(node.target)} is not known")
    step: tuple[str, list[fx.Node], dict[str, Any]] | fx.Node = read(*node.args, **node.kwargs)
    return step


def _name(target: Any) -> str:
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))
