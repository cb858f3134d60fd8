"""How PyTorch's layers and functions become the steps of `tsernet.runtimes.onnx_program`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx, nn
from torch.nn import functional as F

from tsernet.methods.layers import shuffle_channels, stretched
from tsernet.models.encoder import StridedPointwise

Step = tuple[str, list[int], dict[str, Any]]
"""Operator, the values that it takes, its settings."""
Read = tuple[str, list[fx.Node], dict[str, Any]]
_EPSILON = 1e-5


def step_of_module(module: nn.Module, name: str) -> tuple[str, dict[str, Any]] | None:
    """Say what a layer of PyTorch does; None if it does nothing to a trained network.

    Raises:
        ValueError: If it is not known, or set up in a way that is not.
    """
    if isinstance(module, nn.Identity | nn.Dropout | nn.Dropout2d):
        return None
    if isinstance(module, nn.Conv2d):
        return "conv", _conv(module, name)
    if isinstance(module, nn.BatchNorm2d):
        _require(
            module.eps == _EPSILON and module.affine and module.track_running_stats, f"{name}: a BatchNorm other than PyTorch's default"
        )
        return "norm", {"name": name}
    if isinstance(module, nn.PReLU):
        return "prelu", {"name": name}
    if isinstance(module, nn.MaxPool2d):
        return _pool("max_pool", module.kernel_size, module.stride, module.padding, module.dilation, module.ceil_mode)
    if isinstance(module, nn.AvgPool2d):
        _require(module.divisor_override is None and module.count_include_pad, f"{name}: an average that does not count its padding")
        return _pool("avg_pool", module.kernel_size, module.stride, module.padding, 1, module.ceil_mode)
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return _adaptive(module.output_size)
    for kind, found in ((nn.ReLU, "relu"), (nn.Sigmoid, "sigmoid")):
        if isinstance(module, kind):
            return found, {}
    raise ValueError(f"{name}: the layer {type(module).__name__} is not known")


def _conv(module: nn.Conv2d, name: str) -> dict[str, Any]:
    stride = module.step if isinstance(module, StridedPointwise) else _one(module.stride, f"{name}: strides")
    _require(module.padding_mode == "zeros" and not isinstance(module.padding, str), f"{name}: padding {module.padding_mode}")
    return {
        "name": name,
        "stride": stride,
        "dilation": _one(module.dilation, f"{name}: dilations"),
        "groups": module.groups,
        "padding": list(module.padding),
    }


def _pool(kind: str, kernel: Any, stride: Any, padding: Any, dilation: Any = 1, ceil: bool = False) -> tuple[str, dict[str, Any]]:
    _require(_pair(dilation) == [1, 1] and not (ceil and (kind == "max_pool" or _pair(padding) != [0, 0])), f"{kind} of that kind")
    settings = {"kernel": _pair(kernel), "stride": _pair(kernel if stride is None else stride), "padding": _pair(padding)}
    return kind, settings | ({"ceil": True} if ceil else {})


def _adaptive(size: Any) -> tuple[str, dict[str, Any]]:
    bins = _one(_pair(size), "adaptive pooling: sides")
    return ("mean", {}) if bins == 1 else ("adaptive_pool", {"bins": bins})


def _interpolate(
    given: fx.Node,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Read | fx.Node:
    if mode == "nearest" and isinstance(scale_factor, int):
        return "repeat", [given], {"factor": scale_factor}
    _require(mode == "bilinear" and not antialias and recompute_scale_factor is None, f"resizing of mode {mode}")
    align = {"align": True} if align_corners else {}
    if scale_factor is not None:
        return given if scale_factor == 1 else ("resize", [given], {"factor": float(scale_factor), **align})
    return "resize_like", [given, _whose_size(size)], align


def _whose_size(size: Any) -> fx.Node:
    """Find the value whose height and width `size` is: `x.shape[2:]`, `x.shape[-2:]` or `x.size()[2:]`."""
    known = isinstance(size, fx.Node) and "getitem" in str(size.target) and size.args[1] in (slice(2, None, None), slice(-2, None, None))
    shape = size.args[0] if known else None
    if isinstance(shape, fx.Node) and (shape.args[1:] == ("shape",) or shape.target == "size"):
        whose = shape.args[0]
        assert isinstance(whose, fx.Node)
        return whose
    raise ValueError(f"resizing to {size}; expected a scale_factor, or the size of a value, x.shape[-2:]")


def _cat(parts: Sequence[fx.Node], dim: int = 0) -> Read:
    _require(dim == 1, f"torch.cat along {dim}")
    return "concat", list(parts), {}


def _reduced(over_places: str, over_channels: str) -> Any:
    def read(given: fx.Node, dim: Any = None, keepdim: bool = False) -> Read:
        dims = (dim,) if isinstance(dim, int) else tuple(dim or ())
        _require(dims in ((2, 3), (-2, -1), (1,)) and keepdim, f"a mean or maximum over {dim}, expected (2, 3) or 1, with keepdim")
        return over_channels if dims == (1,) else over_places, [given], {}

    return read


def _shuffle(given: fx.Node, groups: int) -> Read:
    return "shuffle", [given], {"groups": groups}


def _arithmetic(kind: str, of_number: Callable[[float], tuple[float, float]], reverse: tuple[float, float] | None = None) -> Any:
    """Read one of + − × ÷ of two values, or of a value and a number, which make factor · x + offset."""

    def read(one: Any, other: Any) -> Read:
        if isinstance(one, fx.Node) and isinstance(other, fx.Node):
            return kind, [one, other], {}
        value, number = (one, other) if isinstance(one, fx.Node) else (other, one)
        _require(isinstance(number, int | float), f"{kind} with {number}")
        if value is one or kind in ("add", "mul"):
            factor, offset = of_number(float(number))
        else:
            _require(reverse is not None, f"{number} divided by a value")
            factor, offset = -1.0, float(number)
        return "affine", [value], {"factor": factor, "offset": offset}

    return read


def _unary(kind: str) -> Any:
    def read(given: fx.Node, inplace: bool = False) -> Read:
        return kind, [given], {}

    return read


def _negative(given: fx.Node) -> Read:
    return "affine", [given], {"factor": -1.0, "offset": 0.0}


def _max_pool(
    given: fx.Node, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False, **_: Any
) -> Read:
    kind, settings = _pool("max_pool", kernel_size, stride, padding, dilation, ceil_mode)
    return kind, [given], settings


def _avg_pool(given: fx.Node, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False) -> Read:
    kind, settings = _pool("avg_pool", kernel_size, stride, padding, 1, ceil_mode)
    return kind, [given], settings


def _adaptive_pool(given: fx.Node, output_size: Any) -> Read:
    kind, settings = _adaptive(output_size)
    return kind, [given], settings


def _channels(given: fx.Node, index: Any) -> Read:
    known = isinstance(index, tuple) and len(index) == 2 and index[0] == slice(None) and isinstance(index[1], slice)
    _require(known and index[1].step in (None, 1) and isinstance(index[1].stop, int), f"the part {index}, expected channels x[:, a:b]")
    return "channels", [given], {"start": index[1].start or 0, "stop": index[1].stop}


def _softmax(given: fx.Node, dim: int | None = None, **_: Any) -> Read:
    _require(dim == 1, f"softmax along {dim}")
    return "softmax", [given], {}


_ADD = _arithmetic("add", lambda number: (1.0, number))
_SUB = _arithmetic("sub", lambda number: (1.0, -number), (-1.0, 0.0))
_MUL = _arithmetic("mul", lambda number: (number, 0.0))
_DIV = _arithmetic("div", lambda number: (1.0 / number, 0.0))
_MEAN = _reduced("mean", "channel_mean")
_PEAK = _reduced("peak", "channel_peak")

CALLS: dict[Any, Any] = {
    **dict.fromkeys((operator.add, operator.iadd, torch.add), _ADD),
    **dict.fromkeys((operator.sub, torch.sub), _SUB),
    **dict.fromkeys((operator.mul, operator.imul, torch.mul), _MUL),
    operator.truediv: _DIV,
    **dict.fromkeys((operator.neg, torch.neg), _negative),
    operator.getitem: _channels,
    **dict.fromkeys((F.relu, torch.relu), _unary("relu")),
    **dict.fromkeys((F.sigmoid, torch.sigmoid), _unary("sigmoid")),
    **dict.fromkeys((F.softmax, torch.softmax), _softmax),
    torch.exp: _unary("exp"),
    stretched: _unary("stretch"),
    torch.maximum: lambda one, other: ("max", [one, other], {}),
    torch.cat: _cat,
    torch.mean: _MEAN,
    torch.amax: _PEAK,
    shuffle_channels: _shuffle,
    F.interpolate: _interpolate,
    F.max_pool2d: _max_pool,
    F.avg_pool2d: _avg_pool,
    F.adaptive_avg_pool2d: _adaptive_pool,
}
"""Functions by what they are."""

METHODS: dict[Any, Any] = {
    **dict.fromkeys(("add", "add_"), _ADD),
    **dict.fromkeys(("sub", "sub_"), _SUB),
    **dict.fromkeys(("mul", "mul_"), _MUL),
    **dict.fromkeys(("relu", "relu_"), _unary("relu")),
    **dict.fromkeys(("sigmoid", "sigmoid_"), _unary("sigmoid")),
    "neg": _negative,
    "detach": lambda given: given,
    "mean": _MEAN,
    "amax": _PEAK,
}
"""Methods of tensors by their names."""


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _one(pair: Sequence[int | None], what: str) -> int:
    first = pair[0]
    if first is None or any(other != first for other in pair):
        raise ValueError(f"{what} {tuple(pair)}, expected equal ones")
    return first


def _require(held: bool, what: str) -> None:
    if not held:
        raise ValueError(f"{what} is not known")
