"""The network in MNN: the same maps, a clean standard output, and nothing that reports to anybody."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tsernet.errors import UserError
from tsernet.model_files import read_tensors
from tsernet.runtimes import ExportedSession, open_session
from tsernet.runtimes.exported import exported_onnx
from tsernet.runtimes.onnx_format import OPSET
from tsernet.runtimes.session import Session
from tsernet.saliency import map_maker
from tsernet.shipped import shipped_model

pytest.importorskip("MNN")
OPEN = "from tsernet.runtimes import open_session; from tsernet.shipped import shipped_model; open_session(shipped_model(), 'mnn')"


def session(runtime: str, *, features: bool = False) -> Session:
    opened, _ = open_session(shipped_model(), runtime, features=features)
    assert not isinstance(opened, ExportedSession)
    return opened


def test_it_computes_what_onnx_runtime_does() -> None:
    inputs = np.random.default_rng(0).normal(size=(2, 3, 96, 64)).astype(np.float32)
    ours, theirs = session("mnn", features=True), session("onnx", features=True)
    assert ours.gives_features
    for one, other in zip(ours.logits_and_features(inputs), theirs.logits_and_features(inputs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-3)
    assert not session("mnn").gives_features
    with pytest.raises(ValueError, match="multiples of 32"):
        ours.logits(inputs[:, :, :40])


def test_a_map_depends_neither_on_its_neighbours_nor_on_what_came_before() -> None:
    network = session("mnn")
    inputs = np.random.default_rng(0).normal(size=(3, 3, 64, 96)).astype(np.float32)
    together = network.logits(inputs)
    assert network.logits(inputs[:, :, :32, :64]).shape == (3, 1, 32, 64)
    for image, expected in zip(inputs, together, strict=True):
        np.testing.assert_array_equal(network.logits(image[None])[0], expected)


@pytest.mark.parametrize("protocol", ["paper", "strip"])
def test_an_exported_file_gives_the_maps_of_pytorch(tmp_path: Path, protocol: str) -> None:
    source, path = shipped_model(), tmp_path / "m.onnx"
    tensors, metadata = read_tensors(source)
    facts = {"weights_sha256": "a" * 64, "licence": "Apache-2.0", "runtime": "onnx", "protocol": protocol, "flips": "both"}
    path.write_bytes(exported_onnx(source, tensors, metadata | facts))
    image = np.random.default_rng(0).integers(90, 150, (100, 170), dtype=np.uint8)
    image[40:46, 20:150] = 220
    (ours,) = map_maker(*open_session(path, "mnn")).predict([image])
    (theirs,) = map_maker(*open_session(source, "torch"), protocol=protocol, flips="both").predict([image])
    assert np.abs(ours - theirs).max() <= 1 / 255
    assert theirs.max() > 0.5


def test_nothing_is_printed_installed_or_reported(tmp_path: Path) -> None:
    """Its import prints a line, and its own converter runs `pip install` and then reports to its makers."""
    called = tmp_path / "called"
    pip = tmp_path / "pip"
    pip.write_text(f"#!/bin/sh\ntouch {called}\n", encoding="utf-8")
    pip.chmod(0o755)
    done = subprocess.run([sys.executable, "-c", OPEN], capture_output=True, text=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert not called.exists()


def test_a_network_that_it_cannot_read_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    from tsernet.runtimes import mnn_session

    monkeypatch.setattr(mnn_session, "_CONVERT", "import sys; sys.exit('Not Support: another operator')")
    with pytest.raises(UserError, match=rf"^MNN 3\.\S+ cannot run the network, which is of opset {OPSET}: Not Support: another operator$"):
        open_session(shipped_model(), "mnn")
