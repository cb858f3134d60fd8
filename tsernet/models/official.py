"""The authors' released checkpoint: its names for the same layers, and how to take them over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from tsernet.models.encoder import RESNET_STAGES, STAGE_BLOCKS
from tsernet.models.network import STAGES, TSERNet

_SHOWN = 4
"""So many keys of a kind are named in a message."""


def load_official(model: TSERNet, state_dict: Mapping[str, object]) -> tuple[str, ...]:
    """Fill the network with a released checkpoint.

    The release also holds layers that its forward never calls (`EFBI*.convs1`, `EFBI*.convs2`); they have no place here.
    Nothing is changed unless everything fits.

    Args:
        model: The variant `full`, at the checkpoint's width.
        state_dict: Official key → tensor, as `torch.load(path, weights_only=True)` returns it.
    Returns:
        The keys that were dropped.
    Raises:
        ValueError: If the variant is another, or keys are missing, unexpected or misshapen; the message names them.
    """
    if model.variant != "full":
        raise ValueError(f"the released weights are those of the variant full, got a model of the variant {model.variant}")
    ours = model.state_dict()
    theirs = {key: official_key(key) for key in ours}
    dead = dead_shapes(model)
    tensors = _fitting(state_dict, {theirs[key]: tuple(ours[key].shape) for key in ours}, dead)
    model.load_state_dict({key: tensors[theirs[key]] for key in ours})
    return tuple(key for key in state_dict if key in dead)


def official_key(key: str) -> str:
    """Translate a key of our state dict into the released checkpoint's name for it."""
    module, _, tensor = key.rpartition(".")
    return f"{_OFFICIAL[module]}.{tensor}"


def dead_shapes(model: TSERNet) -> dict[str, tuple[int, ...]]:
    """List the released layers that no forward calls, with their shapes at the model's width."""
    shapes: dict[str, tuple[int, ...]] = {}
    state = model.state_dict()
    for stage in range(1, STAGES + 1):
        channels = len(state[f"decoder.{stage - 1}.fuse.background.adapt.norm.weight"])
        for name, inputs in (("convs1", channels), ("convs2", 2 * channels)):
            prefix = f"EFBI{stage}.{name}"
            shapes[f"{prefix}.0.weight"] = (2 * channels, inputs, 3, 3)
            for vector in ("0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"):
                shapes[f"{prefix}.{vector}"] = (2 * channels,)
            shapes[f"{prefix}.1.num_batches_tracked"] = ()
    return shapes


def _fitting(given: Mapping[str, object], needed: Mapping[str, tuple[int, ...]], dead: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Return the given tensors if they are all that is needed, and nothing but the dead layers besides."""
    allowed = {**needed, **dead}
    tensors = {key: value for key, value in given.items() if isinstance(value, Tensor)}
    complaints = {
        "missing": [key for key in needed if key not in given],
        "unexpected": [str(key) for key in given if key not in allowed],
        "misshapen": [
            f"{key} {_describe(given[key])} instead of {shape}"
            for key, shape in allowed.items()
            if key in given and (key not in tensors or tuple(tensors[key].shape) != shape)
        ],
    }
    found = [f"{kind}: {_some(keys)}" for kind, keys in complaints.items() if keys]
    if found:
        raise ValueError(f"expected the released TSERNet weights, got a state dict with {'; '.join(found)}")
    return tensors


def _describe(value: object) -> str:
    return str(tuple(value.shape)) if isinstance(value, torch.Tensor) else f"a {type(value).__name__}"


def _some(keys: Sequence[str]) -> str:
    more = len(keys) - _SHOWN
    return ", ".join(keys[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _layers() -> Iterator[tuple[str, str]]:
    """Pair every layer of ours that holds tensors with the released checkpoint's name for it."""
    yield from _encoder_layers()
    yield from _edge_layers()
    yield from _row("bridge", "convbg_{}", "bnbg_{}")
    yield "bridge_side", "outconvb"
    for index in range(STAGES):
        stage = index + 1
        yield from _fusion_layers(f"decoder.{index}.fuse", f"EFBI{stage}")
        yield from _row(f"decoder.{index}.block", f"conv{stage}d_{{}}", f"bn{stage}d_{{}}")
        yield f"sides.{index}", f"outconv{stage}"
    yield from _subnet_layers()


def _encoder_layers() -> Iterator[tuple[str, str]]:
    yield "encoder.stem.conv", "inconv"
    yield "encoder.stem.norm", "inbn"
    for index, blocks in enumerate(STAGE_BLOCKS):
        for block in range(blocks):
            ours = f"encoder.stages.{index}.{block}"
            theirs = f"encoder{index + 1}.{block}" if index < RESNET_STAGES else f"resb{index + 1}_{block + 1}"
            for part in ("1", "2"):
                yield f"{ours}.conv{part}", f"{theirs}.conv{part}"
                yield f"{ours}.norm{part}", f"{theirs}.bn{part}"
            if block == 0:
                yield f"{ours}.shortcut.0", f"{theirs}.downsample.0"
                yield f"{ours}.shortcut.1", f"{theirs}.downsample.1"
        for part in ("1", "2"):
            yield f"encoder.units.{index}.norm{part}", f"RCU{index + 1}.Conv{part}.0"
            yield f"encoder.units.{index}.conv{part}", f"RCU{index + 1}.Conv{part}.2"


def _edge_layers() -> Iterator[tuple[str, str]]:
    for index in range(3):
        yield from _layer(f"edge.context.{index}", f"Resume6_{index + 1}")
    yield "edge.squeeze", "getHigherSideInfo.0"
    yield "edge.fusion.narrow.conv", "MSF.convert"
    yield "edge.fusion.narrow.norm", "MSF.bn"
    for index in range(4):
        yield from _layer(f"edge.fusion.branches.{index}", f"MSF.branch{index + 1}")
    yield "edge.fusion.score", "MSF.score"
    yield "edge.widen", "adjust"
    yield "edge.score", "Enout_edge"


def _fusion_layers(ours: str, theirs: str) -> Iterator[tuple[str, str]]:
    yield f"{ours}.background.adapt.conv", f"{theirs}.convert"
    yield f"{ours}.background.adapt.norm", f"{theirs}.bn"
    yield from _chain(f"{ours}.background.smooth", f"{theirs}.convs")
    yield from _layer(f"{ours}.foreground.adapt", f"{theirs}.convs3")
    yield from _chain(f"{ours}.foreground.inside", f"{theirs}.convs4")
    yield from _chain(f"{ours}.foreground.complete", f"{theirs}.convs5")


def _subnet_layers() -> Iterator[tuple[str, str]]:
    yield "subnet.lift", "subnet.conv0"
    for index in range(5):
        yield f"subnet.encoder.{index}.conv", f"subnet.conv{index + 1}"
        yield f"subnet.encoder.{index}.norm", f"subnet.bn{index + 1}"
    for index in range(4):
        theirs = f"subnet.Decoder{index + 1}"
        yield f"subnet.decoder.{index}.lift_edge", f"{theirs}.adaptEdge"
        yield from _layer(f"subnet.decoder.{index}.join_edges", f"{theirs}.getFinalEdge")
        yield from _layer(f"subnet.decoder.{index}.join_all", f"{theirs}.getFinalInfo")
        yield f"subnet.sides.{index}", f"subnet.d{index + 1}conv"
    yield "subnet.purify", "subnet.conv_d0"


def _layer(ours: str, theirs: str, first: int = 0) -> Iterator[tuple[str, str]]:
    """A convolution layer that the release keeps as (convolution, BatchNorm, ReLU) in a sequence, from position `first`."""
    yield f"{ours}.conv", f"{theirs}.{first}"
    yield f"{ours}.norm", f"{theirs}.{first + 1}"


def _chain(ours: str, theirs: str) -> Iterator[tuple[str, str]]:
    """Three convolution layers that the release keeps in one flat sequence."""
    for index in range(3):
        yield from _layer(f"{ours}.{index}", theirs, first=3 * index)


def _row(ours: str, conv: str, norm: str) -> Iterator[tuple[str, str]]:
    """Three convolution layers that the release numbers 1, m, 2."""
    for index, position in enumerate(("1", "m", "2")):
        yield f"{ours}.{index}.conv", conv.format(position)
        yield f"{ours}.{index}.norm", norm.format(position)


_OFFICIAL: dict[str, str] = dict(_layers())
