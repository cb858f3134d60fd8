"""The network as an ONNX model, built from a model file's tensors alone, in milliseconds and without PyTorch.

TSERNet's definition is that of `tsernet.models`; a test holds this one against it for every variant. What a variant lacks is seen from
the tensors that are there. Another method's model file says itself what it computes (`tsernet.runtimes.onnx_program`). Only what leads to
the saliency map is built: side outputs are for training.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsernet.errors import UserError
from tsernet.flips import AXES
from tsernet.model_files import GRAPH
from tsernet.protocol import Protocol as ModelProtocol
from tsernet.runtimes import onnx_format
from tsernet.runtimes.onnx_forms import conv_beside, conv_of_sum, enlarge_map, map_blocks, self_edges, unblocked
from tsernet.runtimes.onnx_layers import Layers
from tsernet.runtimes.onnx_program import run_program

INPUT, OUTPUT, FEATURES = "image", "saliency", "features"
_STAGES, _RESNET_STAGES, _LEVELS = 6, 4, 5
_EDGE_DILATIONS = (1, 2, 4, 6)
_SIDES = ("sides.", "bridge_side.", "subnet.sides.")
"""Of these the network's saliency map needs `sides.0` alone."""


def build_onnx(
    path: Path,
    tensors: Mapping[str, NDArray[Any]],
    metadata: Mapping[str, str],
    protocol: ModelProtocol | None = None,
    *,
    folded: bool = False,
    features: bool = False,
) -> bytes:
    """Build the model: `image`, float32 (B, 3, H, W), to `saliency`, float32 (B, 1, H, W), at any size.

    Args:
        path: The model file, for messages.
        tensors: As `tsernet.model_files.read_tensors` gives them.
        metadata: Kept in the model; `graph`, where it is there, is what is built.
        protocol: `saliency` is in [0, 1] by this protocol: of the mean over its mirror images, calibrated, or stretched where it says so;
            without one it is logits.
        folded: Whether the tensors are the weights of a model that this function has built.
        features: Whether the means of TSERNet's deepest encoder features come out too: `features`, float32 (B, C).
    Raises:
        UserError: If the tensors are not those of a network of this project.
    """
    layers = Layers(tensors, INPUT, folded)
    try:
        given = INPUT if protocol is None or protocol.flips == "none" else layers.mirrored(INPUT, AXES[protocol.flips])
        result, deepest = _network(layers, given, metadata)
    except ValueError as error:
        raise UserError(f"{path}: {error}{'; export the model again' if folded else ''}") from None
    foreign = sorted(name for name in tensors if name not in layers.used and not name.startswith(_SIDES))
    if foreign and not folded and GRAPH not in metadata:
        raise UserError(f"{path}: {len(foreign)} tensors are none of the network's, such as {foreign[0]}")
    if protocol is not None:
        if protocol.flips != "none":
            result = layers.mean_of_mirrored(result, AXES[protocol.flips])
        result = _finish(layers, result, protocol)
    layers.nodes.append(onnx_format.node("Identity", [result], OUTPUT))
    image, output = (onnx_format.image_value(name, ("batch", count, "height", "width")) for name, count in ((INPUT, 3), (OUTPUT, 1)))
    outputs = [output]
    if features and deepest:
        layers.nodes.append(onnx_format.node("Identity", [layers.pooled(deepest)], FEATURES))
        outputs.append(onnx_format.image_value(FEATURES, ("batch", layers.channels(deepest))))
    return onnx_format.model(layers.nodes, layers.weights, image, outputs, metadata)


def build_observed(tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
    """Build the network so that what goes into its convolutions comes out, for whoever measures it.

    Args:
        tensors: The weights of a model that `build_onnx` has built.
        metadata: As for that.
    Returns:
        The model, and the name of the output that each convolution takes, by the convolution's name.
    """
    layers = Layers(tensors, INPUT, folded=True)
    _network(layers, INPUT, metadata)
    # Sizes of the same name would be taken to be the same size.
    seen = [
        onnx_format.image_value(name, ("batch", layers.channels(name), f"height of {name}", f"width of {name}"))
        for name in dict.fromkeys(layers.conv_inputs.values())
        if name != INPUT
    ]
    given = onnx_format.image_value(INPUT, ("batch", 3, "height", "width"))
    return onnx_format.model(layers.nodes, layers.weights, given, seen, {}), layers.conv_inputs


def _finish(layers: Layers, logits: str, protocol: ModelProtocol) -> str:
    if protocol.name == "strip":
        return _calibrated(layers, logits, protocol.calibration.scale, protocol.calibration.offset)
    saliency = _calibrated(layers, logits, 1.0, 0.0)
    return layers.stretched(saliency) if protocol.stretch else saliency


def _calibrated(layers: Layers, logits: str, scale: float, offset: float) -> str:
    """Turn logits into saliency: s(scale · x + offset)."""
    numbers = (("scale", scale), ("offset", offset))
    factor, shift = (layers.weight(f"calibration.{name}", np.array(value, np.float32)) for name, value in numbers)
    scaled = layers.add("Mul", [logits, factor], 1)
    return layers.add("Sigmoid", [layers.add("Add", [scaled, shift], 1)], 1)


def _network(layers: Layers, image: str, metadata: Mapping[str, str]) -> tuple[str, str]:
    """Build it; give the logits, and the deepest features of the encoder, empty for another method's, whose steps have no names."""
    return (run_program(layers, image, metadata[GRAPH]), "") if GRAPH in metadata else _tsernet(layers, image)


def _tsernet(layers: Layers, image: str) -> tuple[str, str]:
    features = _encoder(layers, image)
    edge = _edge(layers, features[1], features[-1])
    edges = [layers.resize(edge, 1 / 2**level) for level in range(_STAGES)]
    deeper = _three(layers, features[-1], "bridge", (2, 2, 2))
    for index in reversed(range(_STAGES)):
        if index < _STAGES - 1:
            deeper = layers.resize(deeper, 2)
        fused = _fusion(layers, f"decoder.{index}.fuse", features[index], deeper, edges[index])
        deeper = _three(layers, fused, f"decoder.{index}.block", (1, 2, 2) if index == _STAGES - 1 else (1, 1, 1))
    initial = map_blocks(layers, deeper, "sides.0")
    if layers.has("subnet.lift"):
        return _refinement(layers, initial, edges), features[-1]
    return unblocked(layers, initial), features[-1]


def _encoder(layers: Layers, image: str) -> list[str]:
    features = []
    raw = _layer(layers, image, "encoder.stem")
    for index in range(_STAGES):
        if index >= _RESNET_STAGES:
            raw = layers.halve(raw)
        block = 0
        while block == 0 or layers.has(f"encoder.stages.{index}.{block}.conv1"):
            stride = 2 if block == 0 and 0 < index < _RESNET_STAGES else 1
            raw = _basic_block(layers, raw, f"encoder.stages.{index}.{block}", stride)
            block += 1
        features.append(_residual_unit(layers, raw, f"encoder.units.{index}") if layers.has(f"encoder.units.{index}.norm1") else raw)
    return features


def _basic_block(layers: Layers, given: str, name: str, stride: int) -> str:
    inner = layers.conv(given, f"{name}.conv1", f"{name}.norm1", stride=stride, relu=True)
    inner = layers.conv(inner, f"{name}.conv2", f"{name}.norm2")
    shortcut = given
    if layers.has(f"{name}.shortcut.0"):
        # Striding takes every other pixel, as the module's subsampling does.
        shortcut = layers.conv(given, f"{name}.shortcut.0", f"{name}.shortcut.1", stride=stride)
    return layers.relu(layers.combine("Add", inner, shortcut))


def _residual_unit(layers: Layers, given: str, name: str) -> str:
    inner = layers.conv(layers.relu(layers.norm(given, f"{name}.norm1")), f"{name}.conv1", f"{name}.norm2", relu=True)
    return layers.combine("Add", layers.conv(inner, f"{name}.conv2"), given)


def _edge(layers: Layers, detail: str, context: str) -> str:
    context = layers.conv(_three(layers, context, "edge.context"), "edge.squeeze", relu=True)
    narrow = _layer(layers, layers.combine("Add", layers.resize(context, 16), detail), "edge.fusion.narrow")
    branches = [_layer(layers, narrow, f"edge.fusion.branches.{index}", dilation) for index, dilation in enumerate(_EDGE_DILATIONS)]
    scores = unblocked(layers, map_blocks(layers, layers.concat(branches), "edge.fusion.score"))
    return enlarge_map(layers, unblocked(layers, map_blocks(layers, layers.conv(scores, "edge.widen"), "edge.score")))


def _fusion(layers: Layers, name: str, features: str, deeper: str, edge: str) -> str:
    if layers.has(f"{name}.mix.conv"):
        return _layer(layers, layers.concat([features, deeper, edge]), f"{name}.mix")
    halves = []
    if layers.has(f"{name}.background.adapt.conv"):
        adapted = _layer(layers, features, f"{name}.background.adapt")
        halves.append(_three(layers, layers.combine("Mul", layers.reversed_gate(deeper), adapted), f"{name}.background.smooth"))
    if layers.has(f"{name}.foreground.adapt.conv") or not halves:
        adapted = _layer(layers, deeper, f"{name}.foreground.adapt")
        inside = _three(layers, layers.combine("Mul", layers.reversed_gate(edge), adapted), f"{name}.foreground.inside")
        complete = f"{name}.foreground.complete"
        half = conv_of_sum(layers, inside, edge, f"{complete}.0.conv", f"{complete}.0.norm")
        halves.append(_layer(layers, _layer(layers, half, f"{complete}.1"), f"{complete}.2"))
    return halves[0] if len(halves) == 1 else layers.combine("Add", *halves)


def _refinement(layers: Layers, initial: str, edges: Sequence[str]) -> str:
    """Purify the initial map, which comes as blocks of pixels (`map_blocks`)."""
    features = [_layer(layers, layers.conv(unblocked(layers, initial), "subnet.lift"), "subnet.encoder.0")]
    for level in range(1, _LEVELS):
        features.append(_layer(layers, layers.halve(features[-1]), f"subnet.encoder.{level}"))
    deeper = features[-1]
    for level in reversed(range(_LEVELS - 1)):
        name, deeper = f"subnet.decoder.{level}", layers.resize(deeper, 2)
        if layers.has(f"{name}.mix.conv"):
            deeper = _layer(layers, layers.concat([deeper, features[level], edges[level]]), f"{name}.mix")
            continue
        lifted = [layers.conv(edges[level], f"{name}.lift_edge")] if layers.has(f"{name}.lift_edge") else []
        own = [self_edges(layers, features[level])] if layers.sources(f"{name}.join_edges.conv") > len(lifted) else []
        joined = conv_beside(layers, [*lifted, *own], f"{name}.join_edges.conv", f"{name}.join_edges.norm")
        deeper = conv_beside(layers, [deeper, features[level], joined], f"{name}.join_all.conv", f"{name}.join_all.norm")
    return unblocked(layers, layers.combine("Add", initial, map_blocks(layers, deeper, "subnet.purify")))


def _layer(layers: Layers, given: str, name: str, dilation: int = 1) -> str:
    """A convolution, BatchNorm and ReLU."""
    return layers.conv(given, f"{name}.conv", f"{name}.norm", dilation=dilation, relu=True)


def _three(layers: Layers, given: str, name: str, dilations: tuple[int, int, int] = (1, 1, 1)) -> str:
    for index, dilation in enumerate(dilations):
        given = _layer(layers, given, f"{name}.{index}", dilation)
    return given
