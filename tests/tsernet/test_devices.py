"""One rule for the device of training, evaluation and prediction."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tsernet.devices import choose_device
from tsernet.errors import UserError


@pytest.mark.parametrize(
    ("wanted", "has_cuda", "device"), [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")]
)
def test_cuda_is_taken_where_it_is_and_not_refused(monkeypatch: pytest.MonkeyPatch, wanted: str, has_cuda: bool, device: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    assert choose_device(wanted, "--device") == device


def test_what_cannot_be_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"--device is 'cuda', but this machine has no usable CUDA device"):
        choose_device("cuda", "--device")
    with pytest.raises(UserError, match=r"--device is 'gpu', expected one of: auto, cpu, cuda"):
        choose_device("gpu", "--device")


def test_evaluate_keeps_to_the_accelerator_of_the_params(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with CUDA evaluates on the CPU where `accelerator: cpu` is set."""
    from pipelines.stages import evaluate
    from tsernet import inference
    from tsernet.config import Evaluate

    seen = {}

    class Loaded:
        resize = stretch = None

    def load(path: Path, *, batch_size: int, device: str) -> Loaded:
        seen["device"] = device
        return Loaded()

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(inference, "load_predictor", load)
    evaluate._load(tmp_path / "model.safetensors", Evaluate(resize=64, batch_size=1, stretch=True), "cpu")
    assert seen["device"] == "cpu"
