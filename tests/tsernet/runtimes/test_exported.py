"""Exported networks: what they answer, what they say of themselves, and what is refused although it looks like one."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from tsernet.errors import UserError
from tsernet.model_files import read_tensors
from tsernet.protocol import Calibration, OperatingPoint, Protocol, protocol_of
from tsernet.runtimes import ExportedSession, onnx_format, open_session
from tsernet.runtimes.exported import exported_onnx, read_exported
from tsernet.runtimes.onnx_graph import build_onnx
from tsernet.runtimes.onnx_session import OnnxSession
from tsernet.runtimes.torch_session import open_torch
from tsernet.saliency import map_maker
from tsernet.shipped import shipped_model

STRIP = Protocol("strip", 160, 200, calibration=Calibration(0.6, -0.4), operating_point=OperatingPoint(0.02, 40, "a rule"))
PAPER = Protocol("paper", 160)
FACTS = {"weights_sha256": "a" * 64, "licence": "Apache-2.0", "runtime": "onnx"}


def write(folder: Path, protocol: Protocol = STRIP) -> Path:
    source = shipped_model()
    tensors, metadata = read_tensors(source)
    path = folder / "m.onnx"
    path.write_bytes(exported_onnx(source, tensors, metadata | protocol.metadata() | FACTS | {"levels": "0 4095"}))
    return path


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("exported"))


@pytest.mark.parametrize("protocol", [STRIP, PAPER, Protocol("paper", 160, stretch=False)], ids=["strip", "paper", "paper, not stretched"])
def test_maps_are_those_of_pytorch_at_any_size(tmp_path: Path, protocol: Protocol) -> None:
    metadata = protocol.metadata()
    ours = map_maker(*open_session(write(tmp_path, protocol)), batch_size=2)
    theirs = map_maker(open_torch(shipped_model())[0], metadata, batch_size=2)
    rng = np.random.default_rng(0)
    images = [rng.integers(90, 150, size, dtype=np.uint8) for size in ((200, 200), (90, 310), (50, 40))]
    for one, other in zip(ours.predict(images), theirs.predict(images), strict=True):
        assert one.shape == other.shape
        assert np.abs(one - other).max() <= 1 / 255


def test_the_file_alone_says_how_it_is_used(exported: Path) -> None:
    session = onnxruntime.InferenceSession(exported, providers=["CPUExecutionProvider"])
    known = session.get_modelmeta().custom_metadata_map
    assert protocol_of(known) == STRIP
    assert {key: known[key] for key in (*FACTS, "precision", "levels")} == FACTS | {"precision": "f32", "levels": "0 4095"}
    assert [(one.name, one.shape) for one in session.get_inputs()] == [("image", ["batch", 3, "height", "width"])]
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("saliency", ["batch", 1, "height", "width"])]
    inputs = np.random.default_rng(0).normal(size=(2, 3, 64, 96)).astype(np.float32)
    ours, _ = open_session(exported)
    assert isinstance(ours, ExportedSession)
    np.testing.assert_array_equal(session.run(["saliency"], {"image": inputs})[0], ours.saliency(inputs))


def test_another_protocol_or_runtime_than_the_files_is_refused(exported: Path) -> None:
    session, metadata = open_session(exported)
    with pytest.raises(UserError, match=r"exported for the protocol 'strip', not 'paper'; 'tsernet export --protocol paper' writes one"):
        map_maker(session, metadata, protocol="paper")
    with pytest.raises(UserError, match=r"m\.onnx is an exported network; use 'auto', or the \.safetensors file"):
        open_session(exported, "torch")
    with pytest.raises(UserError, match="computes on the CPU, but the device is 'cuda'"):
        open_session(exported, device="cuda")


def seal(data: bytes, digest: str) -> bytes:
    """Give changed bytes the digest that they should have: what somebody does who knows this code."""
    unsealed = data.replace(digest.encode(), b"0" * 64)
    return data.replace(digest.encode(), hashlib.sha256(unsealed).hexdigest().encode())


OPSET = b"\x42\x04\x0a\x00\x10\x11"
FOREIGN = onnx_format.node("Conv", ["image"], "x") + onnx_format._text(7, "com.example")


def with_node(data: bytes, node: bytes) -> bytes:
    """Add a node in front of the graph's."""
    place = data.index(b"\x3a")
    length, used = 0, 0
    while True:
        byte = data[place + 1 + used]
        length |= (byte & 0x7F) << (7 * used)
        used += 1
        if byte < 0x80:
            break
    start = place + 1 + used
    graph = onnx_format._bytes(1, node) + data[start : start + length]
    return data[:place] + onnx_format._bytes(7, graph) + data[start + length :]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: data[:-5000], r"not an ONNX model \("),
        (lambda data: b"no model at all", r"not an ONNX model \("),
        (lambda data: b"", r"not an ONNX model \(0 graphs, expected one\)"),
        (lambda data: data.replace(OPSET, b"\x42\x04\x0a\x00\x10\x63"), "asks for opset 99, expected 17; export the model again"),
        (
            lambda data: data.replace(b"licence", b"license"),
            "its metadata lacks licence; expected a file that 'tsernet export' has written",
        ),
        (
            lambda data: with_node(data, FOREIGN),
            "holds the operator Conv of com.example, which the network does not; nothing of it was run",
        ),
        (lambda data: with_node(data, onnx_format.node("Loop", ["image"], "x")), "its graph is not the network's"),
        (lambda data: data + onnx_format._bytes(25, b""), "holds functions, which the network does not"),
        (lambda data: data.replace(b"Relu", b"Tanh"), "its graph is not the network's"),
        (lambda data: data.replace(b"0.6 -0.4", b"0.6 -0.5"), "its graph is not the network's"),
    ],
    ids=["cut", "text", "empty", "opset", "metadata", "domain", "loop", "function", "operator", "calibration"],
)
def test_what_is_not_the_network_is_refused_in_one_line(exported: Path, tmp_path: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    _, metadata = read_exported(exported)
    path = tmp_path / "changed.onnx"
    path.write_bytes(seal(change(exported.read_bytes()), metadata["content_sha256"]))
    with pytest.raises(UserError, match=rf"changed\.onnx: {message}") as raised:
        open_session(path)
    assert "\n" not in str(raised.value)


def test_a_weight_or_a_word_that_was_changed_is_refused(exported: Path, tmp_path: Path) -> None:
    data = bytearray(exported.read_bytes())
    path = tmp_path / "changed.onnx"
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(
        UserError, match=r"was changed after its export: sha256 [0-9a-f]{64}, expected [0-9a-f]{64}; export the model again"
    ):
        open_session(path)
    path.write_bytes(exported.read_bytes().replace(b"a" * 64, b"b" * 64))
    with pytest.raises(UserError, match="was changed after its export"):
        open_session(path)


def test_weights_in_another_file_are_refused(exported: Path, tmp_path: Path) -> None:
    data, metadata = read_exported(exported)
    # The field of raw data becomes that of external data; what stands in it is never looked at.
    place = data.index(b"encoder.stem.conv.weight", data.index(b"Identity"))
    name_end = place + len(b"encoder.stem.conv.weight")
    assert data[name_end] == 9 << 3 | 2
    changed = data[:name_end] + bytes([13 << 3 | 2]) + data[name_end + 1 :]
    path = tmp_path / "outside.onnx"
    path.write_bytes(seal(changed, metadata["content_sha256"]))
    with pytest.raises(UserError, match="holds weights in another file, which the network does not"):
        open_session(path)


def test_a_foreign_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "foreign.onnx"
    tensors, metadata = read_tensors(shipped_model())
    path.write_bytes(build_onnx(path, tensors, {"author": "somebody"}))
    with pytest.raises(UserError, match=r"foreign\.onnx: its metadata lacks format, variant, .*expected a file that 'tsernet export' has"):
        open_session(path)
    path.write_bytes(build_onnx(path, tensors, metadata))
    with pytest.raises(UserError, match=r"foreign\.onnx: its metadata lacks precision, runtime, weights_sha256, licence"):
        open_session(path)


def test_a_runtime_that_lacks_the_opset_says_so_in_one_line(exported: Path) -> None:
    data, _ = read_exported(exported)
    with pytest.raises(UserError, match=r"ONNX Runtime \S+ cannot run the network, which is of opset 17") as raised:
        OnnxSession(data.replace(OPSET, b"\x42\x04\x0a\x00\x10\x63"))
    assert "\n" not in str(raised.value)
