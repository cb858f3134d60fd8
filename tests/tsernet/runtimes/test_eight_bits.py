"""Networks of eight bits: how weights are rounded, what OpenVINO makes of them, and where they may not run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.exporting.ranges import observe_on
from tsernet import runtimes
from tsernet.errors import UserError
from tsernet.model_files import read_tensors
from tsernet.runtimes import ExportedSession, open_session
from tsernet.runtimes.exported import exported_onnx, read_exported
from tsernet.runtimes.onnx_read import parse_onnx
from tsernet.runtimes.quantize import WEIGHT_LEVELS, Observed, quantize
from tsernet.shipped import shipped_model

FACTS = {"weights_sha256": "a" * 64, "licence": "Apache-2.0", "runtime": "openvino"}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Steel with a scratch, as simple as it can be."""
    folder, rng = tmp_path_factory.mktemp("images"), np.random.default_rng(0)
    for index in range(4):
        pixels = rng.normal(120, 8, (64, 96))
        pixels[20 + 5 * index : 26 + 5 * index, 10:80] += 60
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / f"{index}.png")
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def exported(images: list[Path]) -> Path:
    tensors, metadata = read_tensors(shipped_model())
    path = images[0].parent / "int8.onnx"
    path.write_bytes(exported_onnx(shipped_model(), tensors, metadata | FACTS, observe_on(images, metadata)))
    return path


def test_weights_keep_their_channel_s_own_scale_and_a_bias_makes_good_the_mean() -> None:
    rng = np.random.default_rng(0)
    kernel = (rng.normal(size=(4, 6, 3, 3)) * np.array([0.01, 1, 50, 0]).reshape(4, 1, 1, 1)).astype(np.float32)
    seen = Observed()
    inputs = rng.gamma(2.0, size=(1, 6, 40, 40)).astype(np.float32)
    seen.add(inputs)
    found = quantize({"c.weight": kernel, "c.bias": np.zeros(4, np.float32)}, {"c": seen})
    whole, scale = found["c.weight"], found["c.weight_scale"]
    assert (whole.dtype, np.abs(whole).max()) == (np.int8, WEIGHT_LEVELS)
    rounded = whole * scale[:, None, None, None]
    assert (np.abs(rounded - kernel) <= scale[:, None, None, None] / 2 + 1e-7).all()
    windows = np.lib.stride_tricks.sliding_window_view(inputs[0], (3, 3), axis=(1, 2))
    before, after = (np.einsum("ihwkl,oikl->ohw", windows, one).mean(axis=(1, 2)) for one in (kernel, rounded))
    left, lost = np.abs(after + found["c.bias"] - before), np.abs(after - before)
    assert (left[:3] < 0.1 * lost[:3]).all()
    assert found["c.input_zero"] == 0
    assert float(found["c.input_scale"]) * 255 == pytest.approx(np.quantile(inputs, 0.9995), rel=0.1)


def test_inputs_below_zero_have_a_zero_of_their_own() -> None:
    seen = Observed()
    seen.add(np.linspace(-1.0, 3.0, 4000, dtype=np.float32).reshape(1, 1, 40, 100))
    kernel = np.ones((2, 2, 1, 1), np.float32)
    found = quantize({"c.weight": kernel, "c.bias": np.zeros(2, np.float32)}, {"c": seen})
    assert (found["c.input_zero"], found["c.input_zero"].dtype) == (64, np.uint8)


def test_maps_of_one_channel_and_the_image_are_not_rounded() -> None:
    seen = Observed()
    seen.add(np.ones((1, 3, 4, 4), np.float32))
    for shape in ((8, 3, 3, 3), (8, 1, 3, 3), (1, 3, 1, 1)):
        tensors = {"c.weight": np.ones(shape, np.float32), "c.bias": np.zeros(shape[0], np.float32)}
        assert quantize(tensors, {"c": seen}) == tensors


def test_an_exported_file_of_eight_bits_is_small_and_answers_nearly_the_same(exported: Path, images: list[Path]) -> None:
    pytest.importorskip("openvino")
    _, metadata = read_exported(exported)
    assert (metadata["precision"], metadata["runtime"]) == ("int8", "openvino")
    assert exported.stat().st_size < 0.3 * 4 * sum(tensor.size for tensor in read_tensors(shipped_model())[0].values())
    inputs = np.random.default_rng(0).normal(size=(2, 3, 64, 96)).astype(np.float32)
    ours, _ = open_session(exported)
    assert isinstance(ours, ExportedSession)
    theirs, fed = open_session(shipped_model(), "openvino")
    assert not isinstance(theirs, ExportedSession)
    expected = ours.protocol.calibration.apply(theirs.logits(inputs))
    assert fed["resize"] == metadata["resize"]
    assert 0 < np.abs(ours.saliency(inputs) - expected).mean() < 0.02
    with pytest.raises(ValueError, match="multiples of 32"):
        ours.saliency(inputs[:, :, :40])


def test_openvino_computes_what_onnx_runtime_does(exported: Path) -> None:
    pytest.importorskip("openvino")
    inputs = np.random.default_rng(0).normal(size=(1, 3, 96, 64)).astype(np.float32)
    watched = [open_session(shipped_model(), runtime, features=True)[0] for runtime in ("openvino", "onnx")]
    (_, ours), (_, theirs) = (one.logits_and_features(inputs) for one in watched)  # type: ignore[union-attr]  # both have it
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    ours, theirs = (open_session(shipped_model(), runtime)[0].maps(inputs, [(200, 100)], True)[0] for runtime in ("openvino", "onnx"))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_eight_bits_need_openvino(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for runtime in ("onnx", "mnn"):
        with pytest.raises(
            UserError, match=rf"'{runtime}', but .*int8\.onnx has 8 bits, which gain nothing there; use 'auto' or 'openvino'"
        ):
            open_session(exported, runtime)
    found = runtimes.find_spec
    monkeypatch.setattr(runtimes, "find_spec", lambda name: None if name == "openvino" else found(name))
    with pytest.raises(UserError, match=r"needs the runtime 'openvino', but OpenVINO is not installed; pip install openvino"):
        open_session(exported)


def test_a_changed_step_is_refused(exported: Path) -> None:
    data = exported.read_bytes()
    name = next(name for name in parse_onnx(data).tensors if name.endswith("input_scale"))
    place = data.index(b"\x4a\x04", data.rindex(name.encode())) + 2
    changed = exported.with_name("changed.onnx")
    changed.write_bytes(data[:place] + b"\x00\x00\x80\x3f" + data[place + 4 :])
    with pytest.raises(UserError, match="was changed after its export"):
        open_session(changed)


def test_openvino_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    """Its import alone would put a number there, and report it."""
    pytest.importorskip("openvino")
    code = (
        "from pathlib import Path; from tsernet.runtimes import open_session; from tsernet.shipped import shipped_model\n"
        "open_session(shipped_model(), 'openvino')"
    )
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"HOME": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.rglob("*")) == []


def test_signals_are_still_handled_after_two_networks(tmp_path: Path) -> None:
    """Each with a Core of its own, the signal was a segmentation fault."""
    pytest.importorskip("openvino")
    code = (
        "import signal; from tsernet.runtimes import open_session; from tsernet.shipped import shipped_model\n"
        "first, second = (open_session(shipped_model(), 'openvino') for _ in range(2))\n"
        "del first\n"
        "del second\n"
        "signal.signal(signal.SIGTERM, lambda number, _: print('handled', number))\n"
        "signal.raise_signal(signal.SIGTERM)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "handled 15\n"), done.stderr
