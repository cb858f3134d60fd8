"""Layers whose result has a size that another value says, or that is not the same at every image's size."""

from __future__ import annotations

from collections.abc import Sequence

from tsernet.runtimes.onnx_layers import Layers


def pool(
    layers: Layers, operator: str, given: str, *, kernel: Sequence[int], stride: Sequence[int], padding: Sequence[int], ceil: bool = False
) -> str:
    """Take the maximum (`MaxPool`) or the mean (`AveragePool`, zero padding counted) of windows; heights first.

    With `ceil` a mean's last windows end at the border, where they do not fit.
    """
    how = {"kernel_shape": list(kernel), "strides": list(stride), "pads": [*padding, *padding]}
    if ceil:
        return layers.plain(operator, given, ceil_mode=1, **how)
    if operator == "AveragePool":
        return layers.plain(operator, given, count_include_pad=1, **how)
    return layers.plain(operator, given, **how)


def resize_like(layers: Layers, given: str, like: str, align: bool) -> str:
    """Resize bilinearly to the height and width of another value."""
    channels = layers.channels(given)
    sizes = layers.add("Concat", [_shape(layers, given, 0, 2), _shape(layers, like, 2, 4)], 0, axis=0)
    how = {"mode": "linear", "coordinate_transformation_mode": "align_corners" if align else "half_pixel"}
    return layers.add("Resize", [given, "", "", sizes], channels, **how)


def adaptive_pool(layers: Layers, given: str, bins: int) -> str:
    """Average over a grid of bins × bins windows, as PyTorch's adaptive pooling divides any height and width.

    Window i of n pixels in k bins goes from floor(i·n/k) to ceil((i + 1)·n/k). Rows and columns are averaged one after the other, by a
    matrix each.
    """
    if not 1 <= bins <= 64:
        raise ValueError(f"a grid of {bins} bins, expected 1 to 64")
    channels = layers.channels(given)
    rows, columns = (_averages(layers, _shape(layers, given, axis, axis + 1), bins) for axis in (2, 3))
    down = layers.add("MatMul", [rows, given], channels)
    return layers.add("MatMul", [down, layers.add("Transpose", [columns], 0, perm=[1, 0])], channels)


def _averages(layers: Layers, size: str, bins: int) -> str:
    """Make the matrix (bins, size) whose rows average their windows."""
    count = layers.integers([bins])
    numbers = layers.add("Mul", [layers.integers(list(range(bins))), size], 0)
    start = layers.add("Div", [numbers, count], 0)
    beyond = layers.add("Add", [layers.add("Add", [numbers, size], 0), layers.integers([bins - 1])], 0)
    stop = layers.add("Div", [beyond, count], 0)
    start, stop = (layers.add("Unsqueeze", [one, layers.integers([1])], 0) for one in (start, stop))
    zero, one = (layers.add("Squeeze", [layers.integers([value])], 0) for value in (0, 1))
    places = layers.add("Range", [zero, layers.add("Squeeze", [size], 0), one], 0)
    late = layers.add("Not", [layers.add("Less", [places, start], 0)], 0)
    inside = layers.add("And", [late, layers.add("Less", [places, stop], 0)], 0)
    lengths = layers.add("Cast", [layers.add("Sub", [stop, start], 0)], 0, to=1)
    return layers.add("Div", [layers.add("Cast", [inside], 0, to=1), lengths], 0)


def _shape(layers: Layers, given: str, start: int, end: int) -> str:
    return layers.add("Shape", [given], 0, start=start, end=end)


def shuffle(layers: Layers, given: str, groups: int) -> str:
    """Take one channel of each group in turn; where they do not divide evenly, the channels stay as they are."""
    channels = layers.channels(given)
    if groups < 1 or channels % groups:
        return given
    each = channels // groups
    order = [group * each + place for place in range(each) for group in range(groups)]
    return layers.add("Gather", [given, layers.integers(order)], channels, axis=1)
