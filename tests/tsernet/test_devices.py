"""One rule for the device of training, evaluation and prediction."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tsernet.config import Params
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


@pytest.mark.parametrize("changes", [{"evaluate.protocol": "paper"}, {"evaluate.protocol": "strip", "train.window": 64}])
def test_evaluate_keeps_to_the_accelerator_of_the_params(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_params: Callable[..., Params], changes: dict[str, Any]
) -> None:
    """A machine with CUDA evaluates on the CPU where `accelerator: cpu` is set."""
    from pipelines.stages import evaluate
    from tsernet import runtimes
    from tsernet.data import samples
    from tsernet.runtimes import torch_session

    seen = []

    def opened(path: Path, *how: str) -> None:
        seen.append(how[-1])  # a runtime may stand before the device
        raise StopIteration

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(samples, "read_split", lambda path: ["one"])
    monkeypatch.setattr(torch_session, "open_torch", opened)  # what the paper's protocol takes
    monkeypatch.setattr(runtimes, "open_session", opened)
    with pytest.raises(StopIteration):
        evaluate._load(tmp_path / "model.safetensors", make_params(changes))
    assert seen == ["cpu"]
