"""The layers that the network is made of, as nodes of an ONNX graph; weights by the names that a model file gives them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsernet.runtimes import onnx_format
from tsernet.runtimes.session import LEAST_RANGE, Array

_EPSILON = 1e-5
"""PyTorch's default for BatchNorm."""
_BEFORE_THE_FIRST = -(2**31) + 1
"""Where a slice that runs backwards ends, of any size; MNN 3.6 keeps the lower 32 bits of such a number."""


class Layers:
    """Collects nodes and weights; each method adds a layer and returns the name of what comes out.

    Args:
        tensors: The model file's; or those of a graph, of which a convolution may have eight bits (`tsernet.runtimes.quantize`).
        image: Name of the graph's input, with three channels.
        folded: Whether they are the weights of such a graph, each BatchNorm a part of its convolution already.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]], image: str, folded: bool = False) -> None:
        self.folded = folded
        self.nodes: list[bytes] = []
        self._weights: dict[str, bytes] = {}
        self.used: set[str] = set()
        self.conv_inputs: dict[str, str] = {}
        """What each convolution takes, by its name."""
        self._rounded_values: dict[str, str] = {}
        self._tensors = tensors
        self._channels = {image: 3}

    @property
    def weights(self) -> list[bytes]:
        """The encoded weights so far."""
        return list(self._weights.values())

    def has(self, name: str) -> bool:
        """Say whether the file has a layer of this name."""
        return f"{name}.weight" in self._tensors or f"{name}.factor" in self._tensors

    def sources(self, name: str) -> int:
        """Say how many values of as many channels as come out a convolution takes side by side; 0 if it is missing."""
        kernel = self._tensors.get(f"{name}.weight")
        if kernel is None or kernel.ndim != 4:
            return sum(f"{name}.{number}.weight" in self._tensors for number in range(2))  # each by itself, as `conv_beside` writes them
        inputs: int = kernel.shape[1]
        return inputs // len(kernel)

    def channels(self, value: str) -> int:
        """Say how many channels a value has."""
        return self._channels[value]

    def conv(
        self,
        given: str,
        name: str,
        norm: str = "",
        *,
        stride: int = 1,
        dilation: int = 1,
        relu: bool = False,
        groups: int = 1,
        padding: tuple[int, int] | None = None,
    ) -> str:
        """Convolve; a BatchNorm behind it is folded into its weights.

        Args:
            given: What goes in.
            name: Of the convolution.
            norm: Of the BatchNorm.
            stride, dilation, groups: Of the convolution.
            relu: Whether a ReLU follows.
            padding: Above and below, left and right, for a kernel of any shape; None for 1×1 and 3×3 alone, with as much as keeps the
                size at stride 1.
        Raises:
            ValueError: If a tensor is missing or does not fit.
        """
        kernel, bias = self.kernel(name, norm)
        result = self.convolve(given, name, kernel, bias, stride=stride, dilation=dilation, groups=groups, padding=padding)
        return self.relu(result) if relu else result

    def kernel(self, name: str, norm: str = "") -> tuple[NDArray[Any], Array]:
        """Give a convolution's weights, a BatchNorm behind it folded into them: float32 or int8 (O, I, h, w), and float32 (O,)."""
        kind = np.int8 if f"{name}.weight_scale" in self._tensors else np.float32
        kernel = self._tensor(f"{name}.weight", 4, kind=kind)
        outputs = len(kernel)
        bias = self._tensor(f"{name}.bias", 1, outputs) if f"{name}.bias" in self._tensors else np.zeros(outputs, np.float32)
        if norm and not self.folded:
            factor, offset = self._affine(norm, outputs)
            kernel, bias = kernel * factor[:, None, None, None], bias * factor + offset
        return kernel, bias

    def convolve(
        self,
        given: str,
        name: str,
        kernel: NDArray[Any],
        bias: Array,
        stride: int = 1,
        dilation: int = 1,
        groups: int = 1,
        padding: tuple[int, int] | None = None,
    ) -> str:
        """As `conv`, by weights that are given: the graph's own under that name."""
        outputs, inputs, side, _ = kernel.shape
        if inputs * groups != self._channels[given] or outputs % groups or (padding is None and kernel.shape[2:] not in ((1, 1), (3, 3))):
            raise ValueError(f"{name}.weight has the shape {kernel.shape}, expected 1×1 or 3×3 with {self._channels[given]} channels in")
        self.conv_inputs[name] = given
        quantized = f"{name}.weight_scale" in self._tensors
        weights = self._dequantized(name, kernel) if quantized else self.weight(f"{name}.weight", kernel)
        parts = [self._rounded(given, name) if quantized else given, weights, self.weight(f"{name}.bias", bias)]
        pads = [dilation * (side // 2)] * 4 if padding is None else [*padding, *padding]
        shape: dict[str, Any] = {"kernel_shape": list(kernel.shape[2:]), "strides": [stride] * 2, "dilations": [dilation] * 2, "pads": pads}
        if groups != 1:
            shape["group"] = groups
        return self.add("Conv", parts, outputs, **shape)

    def norm(self, given: str, name: str) -> str:
        """Apply a BatchNorm that stands before its convolution: a factor and an offset a channel."""
        channels = self._channels[given]
        if self.folded:
            factor, offset = (self._tensor(f"{name}.{part}", 3, channels) for part in ("factor", "offset"))
        else:
            factor, offset = (part[:, None, None] for part in self._affine(name, channels))
        scaled = self.add("Mul", [given, self.weight(f"{name}.factor", factor)], channels)
        return self.add("Add", [scaled, self.weight(f"{name}.offset", offset)], channels)

    def relu(self, given: str) -> str:
        """Cut off below 0."""
        return self.add("Relu", [given], self._channels[given])

    def prelu(self, given: str, name: str) -> str:
        """Multiply what is below 0 by a learnt slope, one a channel or one for all."""
        channels = self._channels[given]
        slope = self._tensor(f"{name}.slope", 3) if self.folded else self._tensor(f"{name}.weight", 1)[:, None, None]
        if slope.shape not in ((channels, 1, 1), (1, 1, 1)):
            raise ValueError(f"{name} has {slope.shape[0]} slopes, expected 1 or {channels}")
        return self.add("PRelu", [given, self.weight(f"{name}.slope", slope)], channels)

    def plain(self, operator: str, given: str, **attributes: onnx_format.Attribute) -> str:
        """Apply an operator that keeps the channels."""
        return self.add(operator, [given], self._channels[given], **attributes)

    def affine(self, given: str, factor: float, offset: float) -> str:
        """Multiply by a number, then add one."""
        channels = self._channels[given]
        if factor != 1.0:
            given = self.add("Mul", [given, self.weight(f"constant.{factor!r}", np.array(factor, np.float32))], channels)
        if offset != 0.0:
            given = self.add("Add", [given, self.weight(f"constant.{offset!r}", np.array(offset, np.float32))], channels)
        return given

    def channel_slice(self, given: str, start: int, stop: int) -> str:
        """Take the channels from `start` to below `stop`."""
        if not 0 <= start < stop <= self._channels[given]:
            raise ValueError(f"channels {start} to {stop} of {self._channels[given]}")
        return self.add("Slice", [given, *(self.integers([one]) for one in (start, stop, 1))], stop - start)

    def mirrored(self, given: str, axes: Sequence[Sequence[int]]) -> str:
        """Put mirror images behind one another: (B, C, H, W) to (N·B, C, H, W), for N lists of axes the images along each."""
        channels = self._channels[given]
        return self.add("Concat", [self._mirror(given, along) for along in axes], channels, axis=0)

    def mean_of_mirrored(self, given: str, axes: Sequence[Sequence[int]]) -> str:
        """Take the mean of maps of mirror images, each turned back: (N·B, 1, H, W) to (B, 1, H, W).

        Args:
            given: The maps in the order of `mirrored`.
            axes: As for that.
        """
        # A 0 keeps the size at its own place, which only height and width have on both sides.
        apart = self.add("Reshape", [given, self.integers([len(axes), -1, 0, 0])], 1)
        steps = [[self.integers([number]) for number in (place, place + 1, 0)] for place in range(len(axes))]
        maps = [self._mirror(self.add("Slice", [apart, *step], 1), along) for step, along in zip(steps, axes, strict=True)]
        return self.add("Reshape", [self.add("Mean", maps, 1), self.integers([-1, 1, 0, 0])], 1)

    def _mirror(self, given: str, axes: Sequence[int]) -> str:
        """Turn an image round along axes: a slice that runs backwards from its last pixel to before its first."""
        if not axes:
            return given
        parts = [self.integers([number] * len(axes)) for number in (-1, _BEFORE_THE_FIRST)]
        parts += [self.integers(axes), self.integers([-1] * len(axes))]
        return self.add("Slice", [given, *parts], self._channels[given])

    def integers(self, values: Sequence[int]) -> str:
        """Give whole numbers as a value."""
        return self.add("Constant", [], 0, value_ints=list(values))

    def reversed_gate(self, given: str) -> str:
        """Attend to what logits do not show: s(−x)."""
        negative = self.add("Neg", [given], self._channels[given])
        return self.add("Sigmoid", [negative], self._channels[given])

    def stretched(self, given: str) -> str:
        """Stretch each map to [0, 1] by its own minimum and maximum."""
        low, high = (self.add(operator, [given], 1, axes=[1, 2, 3], keepdims=1) for operator in ("ReduceMin", "ReduceMax"))
        spread = self.add("Max", [self.combine("Sub", high, low), self.weight("least_range", np.array(LEAST_RANGE, np.float32))], 1)
        return self.combine("Div", self.combine("Sub", given, low), spread)

    def combine(self, operator: str, one: str, other: str) -> str:
        """Join two values pixel by pixel; one channel counts for all."""
        return self.add(operator, [one, other], max(self._channels[one], self._channels[other]))

    def concat(self, parts: Sequence[str]) -> str:
        """Put values side by side."""
        if len(parts) == 1:
            return parts[0]
        return self.add("Concat", parts, sum(self._channels[part] for part in parts), axis=1)

    def halve(self, given: str) -> str:
        """Take the maximum of each 2×2 pixels."""
        return self.add("MaxPool", [given], self._channels[given], kernel_shape=[2, 2], strides=[2, 2])

    def pooled(self, given: str) -> str:
        """Take the mean over all pixels: (B, C)."""
        return self.add("ReduceMean", [given], self._channels[given], axes=[2, 3], keepdims=0)

    def resize(self, given: str, factor: float, align: bool = False) -> str:
        """Resize bilinearly without antialiasing, pixel centres aligned as areas, or, with `align`, at the corners."""
        if factor == 1:
            return given
        scales = self.weight(f"scales.{factor}", np.array([1.0, 1.0, factor, factor], np.float32))
        how = {"mode": "linear", "coordinate_transformation_mode": "align_corners" if align else "half_pixel"}
        return self.add("Resize", [given, "", scales], self._channels[given], **how)

    def repeat(self, given: str, factor: int) -> str:
        """Enlarge by a whole factor, each pixel as often."""
        scales = self.weight(f"scales.{factor}", np.array([1.0, 1.0, factor, factor], np.float32))
        how = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
        return self.add("Resize", [given, "", scales], self._channels[given], **how)

    def _affine(self, name: str, channels: int) -> tuple[Array, Array]:
        gain, shift, mean, variance = (
            self._tensor(f"{name}.{part}", 1, channels).astype(np.float64) for part in ("weight", "bias", "running_mean", "running_var")
        )
        factor = gain / np.sqrt(variance + _EPSILON)
        return factor.astype(np.float32), (shift - mean * factor).astype(np.float32)

    def _dequantized(self, name: str, kernel: NDArray[Any]) -> str:
        """Weights of eight bits, with a factor for each channel that comes out."""
        scale = self.weight(f"{name}.weight_scale", self._tensor(f"{name}.weight_scale", 1, len(kernel)))
        return self.add("DequantizeLinear", [self.weight(f"{name}.weight", kernel), scale], 0, axis=0)

    def _rounded(self, given: str, name: str) -> str:
        """A value as eight bits can hold it: once, however many convolutions take it."""
        if given not in self._rounded_values:
            parts = [
                self.weight(f"{name}.{part}", self._tensor(f"{name}.{part}", 0, kind=kind))
                for part, kind in (("input_scale", np.float32), ("input_zero", np.uint8))
            ]
            channels = self._channels[given]
            whole = self.add("QuantizeLinear", [given, *parts], channels)
            self._rounded_values[given] = self.add("DequantizeLinear", [whole, *parts], channels)
        return self._rounded_values[given]

    def _tensor(self, name: str, dimensions: int, length: int | None = None, kind: type = np.float32) -> NDArray[Any]:
        found = self._tensors.get(name)
        if found is None:
            raise ValueError(f"{name} is missing")
        if found.ndim != dimensions or (length is not None and found.shape[0] != length):
            raise ValueError(f"{name} has the shape {found.shape}, expected {length or dimensions} {'values' if length else 'dimensions'}")
        if found.dtype != kind:
            raise ValueError(f"{name} is {found.dtype}, expected {kind.__name__}")
        self.used.add(name)
        return found

    def weight(self, name: str, values: NDArray[Any]) -> str:
        if name not in self._weights:
            self._weights[name] = onnx_format.tensor(name, values)
        return name

    def add(self, operator: str, inputs: Sequence[str], channels: int, **attributes: onnx_format.Attribute) -> str:
        """Add a node of ONNX; `channels` of what it gives, 0 where that is no image."""
        result = f"{operator}_{len(self.nodes)}"
        self.nodes.append(onnx_format.node(operator, inputs, result, **attributes))
        self._channels[result] = channels
        return result
