"""Drill: the authors' own networks, filled with the same numbers, give the same final map.

Their code is not here and none of it may be: TSERNET_RELEASED names a folder with a checkout of each repository, as OWNER+NAME, such as
xuebinqin+BASNet. It is imported and run, with its downloads of ImageNet's weights cut off; a network whose checkout is missing is skipped.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tsernet.methods.interface import SaliencyNetwork
from tsernet.methods.registry import build_network

LAYERS = (nn.Conv2d, nn.BatchNorm2d, nn.PReLU, nn.Linear)


@dataclass(frozen=True)
class Released:
    """Where the authors' network is, and what must be said to fill ours like it.

    Attributes:
        repository: The checkout's folder.
        path: Of its modules, in there.
        module, build: Module, and what builds the network of it.
        final: Picks the final map, of what the network gives; `is_logits` says whether it is before the sigmoid.
        layers: Theirs and ours, whose results are compared in place of the maps.
        pairs: Theirs and ours, of what the two do not compute in the same order; all else is matched by shape and order.
        size: Width of the image; its height is twice that.
        plain: Whether there is no BatchNorm, so that weights must keep signals from vanishing behind a ReLU.
        channelwise: Their lists of layers for one channel each, which are one layer of groups here.
        parameters: Theirs that belongs to no layer, and our layer whose weight it is.
    """

    repository: str
    path: str
    module: str
    build: Callable[[Any], nn.Module]
    final: Callable[[Any], Tensor]
    is_logits: bool = False
    pairs: tuple[tuple[str, str], ...] = ()
    layers: tuple[str, str] = ("", "")
    size: int = 64
    plain: bool = False
    channelwise: str = ""
    parameters: tuple[tuple[str, str], ...] = ()


def _nothing(*_: Any, **__: Any) -> Any:
    return defaultdict(lambda: None)


_EG = tuple((f"merge1.score.{level}", f"score.{level}") for level in range(5))
_MI = tuple(
    (f"trans.conv{level}.{theirs}_1", f"aggregate.{level}.exchange.{ours}")
    for level in (0, 4)
    for theirs, ours in (("h2l", "0_1"), ("l2h", "1_0"))
)
_CPD = tuple((f"rfb{level}_{number}", f"{branch}.see_{ours}") for number, branch in ((1, "first"), (2, "second"))
             for level, ours in ((4, "middle"), (5, "deep")))  # fmt: skip
_GCPA = [("sa55", "head"), ("ca55", "head_context"), ("ca45", "contexts.0"), ("ca35", "contexts.1"), ("ca25", "contexts.2")]
for _level, _their in enumerate(("45", "34", "23")):
    _GCPA += [(f"fam{_their}.conv_l", f"weave.{_level}.from_near"), (f"fam{_their}.conv_d1", f"weave.{_level}.from_deep")]


class _Joint(nn.Module):
    """Both of PoolNet's ways one after the other: edges, then the map."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> Any:
        self.network(image, 0)
        return self.network(image, 1)


RELEASED = {
    "basnet": Released(
        "xuebinqin+BASNet", "", "model.BASNet", lambda module: module.BASNet(3, 1), lambda maps: maps[0],
    ),
    "gcpanet": Released(
        "JosephChenHub+GCPANet", "", "net", lambda module: module.GCPANet(SimpleNamespace(snapshot="")), lambda maps: maps[0],
        is_logits=True, pairs=tuple(_GCPA),
    ),
    "minet": Released(
        "lartpang+MINet", "code", "network.MINet", lambda module: module.MINet_VGG16(), lambda maps: maps, is_logits=True, pairs=_MI,
    ),
    "samnet": Released(
        "yun-liu+FastSaliency", "Models", "SAMNet", lambda module: module.FastSal(), lambda maps: maps[:, :1],
        layers=("heads.4.conv.1", "score.4.1"),
    ),
    "egnet": Released(
        "JXingZhao+EGNet", "", "model", lambda module: module.build_model("vgg"), lambda maps: maps[2][-1],
        is_logits=True, pairs=_EG, plain=True,
    ),
    "cpd": Released(
        "wuzhe71+CPD", "model", "CPD_models", lambda module: module.CPD_VGG(), lambda maps: maps[1],
        is_logits=True, pairs=_CPD, plain=True, parameters=(("HA.gaussian_kernel", "blur"),),
    ),
    "poolnet": Released(
        "backseason+PoolNet", "", "networks.joint_poolnet", lambda module: _Joint(module.build_model("vgg")), lambda maps: maps,
        is_logits=True, pairs=(("network.block", "edges"),), plain=True, size=128,  # so that the windows of its means fit
    ),
    "dacnet": Released("zxforchid+DACNet", "", "model.DACNet", lambda module: module.DACNet(3, 1), lambda maps: maps[0]),
    "eminet": Released(
        "zxforchid+Edge-Aware-Multi-Level-Interactive-Network", "", "model.EMINet",
        lambda module: module.EMINet(3, 1), lambda maps: maps[-1],
    ),
    "minet2024": Released(
        "Kunye-Shen+MINet", "", "model.MINet", lambda module: module.MINet(), lambda maps: maps[0],
        layers=("conv_out1.conv.1", "score.0.1"), channelwise="Pconv",
    ),
    "edrnet": Released("SongGuorong+EDRNet", "", "model.EDRNet", lambda module: module.EDRNet(3), lambda maps: maps[0]),
}  # fmt: skip


@contextlib.contextmanager
def imported(released: Released, patch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import their module by its own name, and forget it and all that came with it afterwards."""
    folder = Path(os.environ.get("TSERNET_RELEASED", "")) / released.repository / released.path
    if "TSERNET_RELEASED" not in os.environ or not folder.is_dir():
        pytest.skip(f"no checkout {released.repository} in the folder that TSERNET_RELEASED names")
    import torchvision.models as zoo

    for name in ("resnet34", "vgg16_bn"):
        plain = getattr(zoo, name)
        patch.setattr(zoo, name, lambda *_, plain=plain, **__: plain(weights=None))
    old_place = ModuleType("torchvision.models.utils")  # of torchvision 0.8
    old_place.load_state_dict_from_url = _nothing  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "torchvision.models.utils", old_place)
    patch.setattr(torch.hub, "load_state_dict_from_url", _nothing)
    patch.syspath_prepend(str(folder))
    before = set(sys.modules)
    try:
        yield importlib.import_module(released.module)
    finally:
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
                del sys.modules[name]


def called(network: nn.Module, image: Tensor) -> tuple[list[tuple[str, nn.Module]], Any]:
    """List the layers with weights in the order of their first call, and what the network gives."""
    order: dict[str, nn.Module] = {}

    def note(name: str, layer: nn.Module) -> None:
        order.setdefault(name, layer)

    handles = [
        layer.register_forward_hook(lambda layer, _, __, name=name: note(name, layer))
        for name, layer in network.named_modules()
        if isinstance(layer, LAYERS)
    ]
    with torch.no_grad():
        found = network(image)
    for handle in handles:
        handle.remove()
    return list(order.items()), found


def in_groups(order: list[tuple[str, nn.Module]], part: str) -> list[tuple[str, nn.Module]]:
    """Put the layers for one channel each, which lists called `part` hold, into one layer of groups in the place of the first."""
    joined: dict[str, list[nn.Module]] = {}
    for name, layer in order:
        before, found, rest = name.partition(f".{part}.")
        joined.setdefault(f"{before}{found}{rest.partition('.')[2]}" if found else name, []).append(layer)
    return [(name, layers[0] if len(layers) == 1 else _side_by_side(layers)) for name, layers in joined.items()]


def _side_by_side(layers: list[nn.Module]) -> nn.Module:
    first, count = layers[0], len(layers)
    made: nn.Module = nn.BatchNorm2d(count)
    if isinstance(first, nn.Conv2d):
        made = nn.Conv2d(count * first.in_channels, count, first.kernel_size, groups=count, bias=first.bias is not None)
    values = {key: torch.cat([layer.state_dict()[key] for layer in layers]) for key, value in first.state_dict().items() if value.dim()}
    made.load_state_dict(values, strict=False)
    return made


def fill(ours: SaliencyNetwork, theirs: nn.Module, image: Tensor, released: Released) -> None:
    """Copy their numbers into our layers."""
    (their_order, _), (our_order, _) = called(theirs, image), called(ours, image)
    if released.channelwise:
        their_order = in_groups(their_order, released.channelwise)
    for parameter, our_layer in released.parameters:
        own = ours.get_submodule(our_layer)
        our_order.remove((our_layer, own))
        own.load_state_dict({"weight": theirs.get_parameter(parameter).detach()})
    for their_part, our_part in (*released.pairs, ("", "")):
        waiting: dict[Any, list[nn.Module]] = defaultdict(list)
        for name, layer in [one for one in our_order if _is_in(one[0], our_part)]:
            waiting[_shape(layer)].append(layer)
            our_order.remove((name, layer))
        for name, layer in [one for one in their_order if _is_in(one[0], their_part)]:
            assert waiting[_shape(layer)], f"ours has no more layers like {name} {_shape(layer)}"
            target = waiting[_shape(layer)].pop(0)
            target.load_state_dict({key: value.reshape(target.state_dict()[key].shape) for key, value in layer.state_dict().items()})
            their_order.remove((name, layer))
        assert not any(waiting.values()), f"theirs has no layers like {[key for key, left in waiting.items() if left]} of {our_part}"


def _given(network: nn.Module, image: Tensor, layer: str) -> Any:
    """What a network, or a layer of it, gives."""
    kept: list[Any] = []
    handle = network.get_submodule(layer).register_forward_hook(lambda _, __, found: kept.append(found))
    with torch.no_grad():
        network(image)
    handle.remove()
    return kept[0]


def _is_in(name: str, part: str) -> bool:
    return not part or name == part or name.startswith(f"{part}.")


def _shape(layer: nn.Module) -> tuple[Any, ...]:
    kind = "convolution" if isinstance(layer, nn.Conv2d | nn.Linear) else type(layer).__name__
    weight = layer.weight
    assert isinstance(weight, Tensor)
    shape = tuple(weight.shape)
    return (kind, *(shape if len(shape) != 2 else (*shape, 1, 1)), getattr(layer, "bias", None) is not None)


@pytest.mark.drill
@pytest.mark.parametrize("name", RELEASED)
def test_the_released_network_gives_the_same_final_map(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    released = RELEASED[name]
    torch.manual_seed(0)
    image = torch.randn(1, 3, 2 * released.size, released.size)
    with imported(released, monkeypatch) as module:
        if name == "gcpanet":
            monkeypatch.setattr(module.ResNet, "initialize", lambda _: None)
        if name == "cpd":
            monkeypatch.setattr(module.B2_VGG, "_initialize_weights", _nothing)
            monkeypatch.setattr(torch, "load", _nothing)
        theirs = released.build(module).eval()
        for layer in theirs.modules():
            if isinstance(layer, nn.BatchNorm2d):
                assert layer.running_mean is not None
                assert layer.running_var is not None
                layer.reset_parameters()
                layer.running_mean.uniform_(-0.1, 0.1)
                layer.running_var.uniform_(0.8, 1.2)
            elif isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, a=0.0 if released.plain else 1.0)
        ours = build_network(name).eval()
        fill(ours, theirs, image, released)
        expected, found = (_given(network, image, layer) for network, layer in zip((theirs, ours), released.layers, strict=True))
    if not released.layers[0]:
        expected, found = released.final(expected), found.saliency if released.is_logits else torch.sigmoid(found.saliency)
    error = float((found - expected).abs().max() / expected.abs().max())
    print(f"{name}: relative error {error:.1e}, range {float(expected.min()):.3g} to {float(expected.max()):.3g}")
    assert float(expected.max() - expected.min()) > 1e-3
    assert error <= 1e-4
