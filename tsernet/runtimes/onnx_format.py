"""ONNX models as bytes: as much of the format as the network needs, so that neither PyTorch nor the onnx package is imported.

A message of Protocol Buffers is a row of fields; each begins with its number and wire type (0 a number, 2 bytes of a given length,
5 four bytes). The numbers of the fields below are those of onnx.proto, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

OPSET, IR_VERSION = 17, 8
TYPES = {"float32": 1, "uint8": 2, "int8": 3}
"""Of a tensor's values, by NumPy's names."""
Attribute = float | int | str | Sequence[int]


def node(operator: str, inputs: Sequence[str], output: str, **attributes: Attribute) -> bytes:
    """Encode a node (NodeProto) with one output, which also names it."""
    return (
        b"".join(_text(1, name) for name in inputs)
        + _text(2, output)
        + _text(3, output)
        + _text(4, operator)
        + b"".join(_bytes(5, _attribute(key, value)) for key, value in attributes.items())
    )


def tensor(name: str, values: NDArray[Any]) -> bytes:
    """Encode a tensor (TensorProto) of float32, int8 or uint8."""
    little = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    kind = TYPES[values.dtype.name]
    return b"".join(_number(1, size) for size in values.shape) + _number(2, kind) + _text(8, name) + _bytes(9, little.tobytes())


def image_value(name: str, shape: Iterable[int | str]) -> bytes:
    """Describe a float32 input or output (ValueInfoProto); a dimension that is a name may have any size."""
    sizes = b"".join(_bytes(1, _text(2, size) if isinstance(size, str) else _number(1, size)) for size in shape)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, TYPES["float32"]) + _bytes(2, sizes)))


def model(nodes: Iterable[bytes], tensors: Iterable[bytes], given: bytes, results: Iterable[bytes], metadata: Mapping[str, str]) -> bytes:
    """Encode a model (ModelProto) of one input.

    Args:
        nodes: Each behind those whose outputs it reads.
        tensors: The weights.
        given: The input, as `image_value` describes it.
        results: The outputs.
        metadata: Kept in the model; ONNX Runtime shows it as `custom_metadata_map`.
    """
    graph = (
        b"".join(_bytes(1, one) for one in nodes)
        + _text(2, "tsernet")
        + b"".join(_bytes(5, one) for one in tensors)
        + _bytes(11, given)
        + b"".join(_bytes(12, one) for one in results)
    )
    notes = b"".join(_bytes(14, _text(1, key) + _text(2, value)) for key, value in sorted(metadata.items()))
    opset = _text(1, "") + _number(2, OPSET)
    return _number(1, IR_VERSION) + _text(2, "tsernet") + _bytes(7, graph) + _bytes(8, opset) + notes


def _attribute(key: str, value: Attribute) -> bytes:
    name = _text(1, key)
    if isinstance(value, str):
        return name + _text(4, value) + _number(20, 3)
    if isinstance(value, float):
        return name + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return name + _number(3, value) + _number(20, 2)
    return name + b"".join(_number(8, one) for one in value) + _number(20, 7)


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    """Encode a number, a negative one as its two's complement of 64 bits, seven bits a byte, the lowest first."""
    value %= 2**64
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
