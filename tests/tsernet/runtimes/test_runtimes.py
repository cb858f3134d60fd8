"""The same maps from every runtime, and a model file that is none refused by each."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save_file

from tsernet import runtimes
from tsernet.errors import UserError
from tsernet.inference import load_predictor
from tsernet.models import VARIANTS, build_tsernet
from tsernet.runtimes import open_session
from tsernet.runtimes.onnx_session import OnnxSession
from tsernet.runtimes.resize import finish_maps
from tsernet.runtimes.torch_session import TorchSession
from tsernet.shipped import shipped_model
from tsernet.weights import save_model

METADATA = {"resize": "64", "scaling": "unit", "stretch": "true"}


def model_file(path: Path, variant: str = "full") -> Path:
    """A network whose BatchNorms do something: fresh ones hardly differ from none."""
    torch.manual_seed(0)
    model = build_tsernet(variant, 0.0625)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for tensor, least in (
                (module.running_mean, -0.5),
                (module.running_var, 0.5),
                (module.weight.data, 0.5),
                (module.bias.data, -0.5),
            ):
                assert tensor is not None
                tensor.uniform_(least, least + 1)
    save_model(path, model, METADATA)
    return path


@pytest.mark.parametrize("variant", VARIANTS)
def test_onnx_runtime_computes_what_pytorch_does(tmp_path: Path, variant: str) -> None:
    path = model_file(tmp_path / "m.safetensors", variant)
    inputs = np.random.default_rng(0).normal(size=(2, 3, 64, 96)).astype(np.float32)
    (ours, metadata), (theirs, expected) = open_session(path, "onnx"), open_session(path, "torch")
    assert metadata == expected
    assert "Onnx" in type(ours).__name__
    assert isinstance(theirs, TorchSession)
    np.testing.assert_allclose(ours.logits(inputs), theirs.logits(inputs), atol=1e-5)
    watched, _ = open_session(path, "onnx", features=True)
    assert isinstance(watched, OnnxSession)
    logits, features = watched.logits_and_features(inputs)
    np.testing.assert_array_equal(logits, ours.logits(inputs))
    with torch.inference_mode():
        deepest = theirs.model.encoder(torch.from_numpy(inputs))[-1]  # type: ignore[operator]  # a TSERNet's
    np.testing.assert_allclose(features, deepest.mean(dim=(2, 3)).numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("weights", sorted(shipped_model().parent.glob("*.safetensors")), ids=lambda path: path.stem)
def test_the_shipped_weights_give_the_same_maps(weights: Path) -> None:
    rng = np.random.default_rng(0)
    scratched = np.full((100, 170), 120, np.uint8)
    scratched[40:46, 20:150] = 220
    images = [scratched, rng.integers(90, 150, (200, 200), dtype=np.uint8), rng.integers(0, 256, (70, 50, 3), dtype=np.uint8)]
    ours, theirs = (load_predictor(weights, batch_size=1, runtime=runtime).predict(images) for runtime in ("onnx", "torch"))
    for one, other in zip(ours, theirs, strict=True):
        assert np.abs(one - other).max() <= 1 / 255


@pytest.mark.parametrize("stretch", [True, False])
def test_maps_are_finished_alike_without_pytorch(stretch: bool) -> None:
    logits = np.random.default_rng(0).normal(0, 30, (5, 1, 64, 96)).astype(np.float32)
    sizes = [(64, 96), (200, 200), (33, 41), (1, 500), (640, 1)]
    session = TorchSession(torch.nn.Identity())
    for one, other, size in zip(finish_maps(logits, sizes, stretch), session.finish(logits, sizes, stretch), sizes, strict=True):
        assert (one.shape, one.dtype) == (size, np.float32)
        np.testing.assert_allclose(one, other, atol=5e-5)


def test_pytorch_finishes_maps_to_the_bit_as_ever() -> None:
    """Published scores hang on it. As release 0.2.0 did it, within its predictor."""
    logits = np.random.default_rng(0).normal(size=(3, 1, 64, 64)).astype(np.float32)
    expected = []
    for one in torch.sigmoid(torch.from_numpy(logits)):
        low, high = one.amin(), one.amax()
        stretched = (one - low) / (high - low).clamp_min(1e-3)
        full = F.interpolate(stretched[None], size=(200, 150), mode="bilinear", align_corners=False)
        expected.append(full[0, 0].clamp(0.0, 1.0).numpy())
    np.testing.assert_array_equal(TorchSession(torch.nn.Identity()).finish(logits, [(200, 150)] * 3, True), expected)


def changed(path: Path, name: str, tensor: np.ndarray | None) -> Path:
    """Take a tensor from a model file, or put another one there."""
    with safe_open(path, framework="numpy") as file:
        metadata, tensors = file.metadata(), {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - the handle is no mapping
    tensors.pop(name, None)
    save_file(tensors if tensor is None else {**tensors, name: tensor}, path, metadata=metadata)
    return path


@pytest.mark.parametrize(
    ("name", "tensor", "message"),
    [
        ("bridge.0.conv.weight", None, "bridge.0.conv.weight is missing"),
        ("encoder.stages.0.0.conv1.weight", None, "encoder.stages.0.0.conv1.weight is missing"),
        ("encoder.stem.norm.bias", np.zeros(5, np.float32), r"encoder.stem.norm.bias has the shape \(5,\), expected 4 values"),
        (
            "edge.widen.weight",
            np.zeros((8, 2, 3, 3), np.float32),
            r"edge.widen.weight has the shape \(8, 2, 3, 3\), expected .* 1 channels in",
        ),
        ("edge.widen.weight", np.zeros(8, np.float32), r"edge.widen.weight has the shape \(8,\), expected 4 dimensions"),
        ("encoder.stages.0.1.conv2.weight", np.zeros((2, 4, 3, 3), np.float32), r"norm2.weight has the shape \(4,\), expected 2 values"),
        ("more.weight", np.zeros(8, np.float32), "1 tensors are none of the network's, such as more.weight"),
    ],
)
def test_a_file_that_is_no_network_of_ours_is_refused(tmp_path: Path, name: str, tensor: np.ndarray | None, message: str) -> None:
    path = changed(model_file(tmp_path / "m.safetensors"), name, tensor)
    with pytest.raises(UserError, match=rf"m\.safetensors: .*{message}"):
        open_session(path, "onnx")


def test_other_files_are_refused_in_the_same_words_by_both(tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("no tensors")
    save_file({"a": np.zeros(3, np.float32)}, tmp_path / "foreign.safetensors", metadata={"format": "pt"})
    for runtime in ("onnx", "torch"):
        with pytest.raises(UserError, match="not a safetensors file"):
            open_session(tmp_path / "text.safetensors", runtime)
        with pytest.raises(UserError, match="expected a model file of format tsernet/1, got pt"):
            open_session(tmp_path / "foreign.safetensors", runtime)
        with pytest.raises(UserError, match="no such model file"):
            open_session(tmp_path / "none.safetensors", runtime)


def test_an_input_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    path = model_file(tmp_path / "m.safetensors")
    for runtime in ("onnx", "torch"):
        with pytest.raises(ValueError, match=r"multiples of 32, got \(1, 3, 64, 40\)"):
            open_session(path, runtime)[0].logits(np.zeros((1, 3, 64, 40), np.float32))


def test_auto_takes_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = model_file(tmp_path / "m.safetensors")
    assert not isinstance(open_session(path)[0], TorchSession)
    with pytest.raises(UserError, match="--runtime is 'onnx', which computes on the CPU, but the device is 'cuda'"):
        open_session(path, "onnx", "cuda")
    with pytest.raises(UserError, match="--runtime is 'tensorrt', expected one of: auto, torch, onnx"):
        open_session(path, "tensorrt")
    found = importlib.util.find_spec
    monkeypatch.setattr(runtimes, "find_spec", lambda name: None if name == "onnxruntime" else found(name))
    assert isinstance(open_session(path)[0], TorchSession)
    with pytest.raises(UserError, match="ONNX Runtime is not installed; pip install onnxruntime, or use another --runtime"):
        open_session(path, "onnx")


def test_predict_imports_neither_pytorch_nor_mlflow_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Their imports take several times as long as all else that it does. ONNX Runtime would keep a device's number and what it reports."""
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70), dtype=np.uint8)).save(tmp_path / "one.png")
    (tmp_path / "names.txt").write_text("one\n")
    code = (
        "import sys; from pipelines.cli import build_app\n"
        "build_app()(['predict', 'one.png', '--out', 'map.png', '--model', 'shipped', '--names', 'names.txt'], standalone_mode=False)\n"
        "print(sorted({'torch', 'mlflow', 'pandas', 'prefect', 'dvc', 'great_expectations', 'scipy'} & sys.modules.keys()))"
    )
    environment = {key: value for key, value in os.environ.items() if key != "ORT_DISABLE_TELEMETRY"}
    home = tmp_path / "home"
    home.mkdir()
    environment |= {"HOME": str(home), "TMPDIR": str(home)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert (tmp_path / "map.png").is_file()
    assert list(home.rglob("*")) == []
