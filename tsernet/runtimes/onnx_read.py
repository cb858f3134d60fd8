"""ONNX files as data: what is in one, read without running any of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsernet.runtimes.onnx_format import TYPES

_TYPES = {number: np.dtype(name).newbyteorder("<") for name, number in TYPES.items()}
Value = int | memoryview


@dataclass
class OnnxFile:
    """What a file says; numbers of fields as in onnx.proto.

    Attributes:
        metadata: Its entries by key.
        opsets: The version of each set of operators, by domain; "" is ONNX's own.
        tensors: The weights by name, float32, int8 or uint8.
        oddities: What no file of this project has: operators of another domain, functions, weights in other files.
    """

    metadata: dict[str, str] = field(default_factory=dict)
    opsets: dict[str, int] = field(default_factory=dict)
    tensors: dict[str, NDArray[Any]] = field(default_factory=dict)
    oddities: list[str] = field(default_factory=list)


def parse_onnx(data: bytes) -> OnnxFile:
    """Read a ModelProto.

    Raises:
        ValueError: If the bytes are none; the message says where.
    """
    found = OnnxFile()
    graphs = 0
    for number, value in _fields(memoryview(data)):
        if number == 7:
            _graph(_bytes(value), found)
            graphs += 1
        elif number == 8:
            entry = dict(_fields(_bytes(value)))
            version = entry.get(2, 0)
            found.opsets[_text(entry.get(1, memoryview(b"")))] = version if isinstance(version, int) else 0
        elif number == 14:
            entry = dict(_fields(_bytes(value)))
            found.metadata[_text(entry.get(1, memoryview(b"")))] = _text(entry.get(2, memoryview(b"")))
        elif number in (20, 25):
            found.oddities.append("functions" if number == 25 else "a training graph")
    if graphs != 1:
        raise ValueError(f"{graphs} graphs, expected one")
    return found


def _graph(graph: memoryview, found: OnnxFile) -> None:
    for number, value in _fields(graph):
        if number == 1:
            node = dict(_fields(_bytes(value)))
            if domain := _text(node.get(7, memoryview(b""))):
                found.oddities.append(f"the operator {_text(node.get(4, memoryview(b'')))} of {domain}")
        elif number == 5:
            _tensor(_bytes(value), found)
        elif number == 15:
            found.oddities.append("sparse weights")


def _tensor(tensor: memoryview, found: OnnxFile) -> None:
    shape, kind, name, raw = [], 0, "", memoryview(b"")
    for number, value in _fields(tensor):
        if number == 1 and isinstance(value, int):
            shape.append(value)
        elif number == 2 and isinstance(value, int):
            kind = value
        elif number == 8:
            name = _text(value)
        elif number == 9:
            raw = _bytes(value)
        elif number in (13, 14):
            found.oddities.append("weights in another file")
            return
    dtype = _TYPES.get(kind)
    if dtype is None or len(raw) != dtype.itemsize * math.prod(shape):
        found.oddities.append(f"the weights {name}, which are not of a type and shape that the network has")
        return
    found.tensors[name] = np.frombuffer(raw, dtype=dtype).reshape(shape)


def _fields(message: memoryview) -> Iterator[tuple[int, Value]]:
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        wire = key & 7
        if wire == 0:
            value: Value
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if wire == 2:
            length, place = _varint(message, place)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError(f"no field begins at byte {place}")
        if length > len(message) - place:
            raise ValueError(f"a field of {length} bytes where {len(message) - place} are left")
        yield key >> 3, message[place : place + length]
        place += length


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            raise ValueError("it ends within a number")
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise ValueError("a number of more than ten bytes")


def _bytes(value: Value) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number where a message was expected")
    return value


def _text(value: Value) -> str:
    try:
        return bytes(_bytes(value)).decode()
    except UnicodeDecodeError:
        raise ValueError("text that is not UTF-8") from None
