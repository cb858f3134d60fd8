"""A training that is watched: its scores are read from its checkpoints while it runs, and it ends where they are hopeless."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import psutil
import pytest

from pipelines.tuning import training
from pipelines.tuning.training import Job, PrunedError, Scores, run_training
from tsernet.errors import CheckError

# Two checkpoints as a training writes them, and then a long wait.
_SCRIPT = """
import sys, time
from pathlib import Path
import torch
from tsernet.training.checkpoint import Checkpoint, save_checkpoint
rows = {}
for step, score in ((4, 0.25), (8, 0.5)):
    rows[str(step)] = {"val_s_measure": score}
    save_checkpoint(Path(sys.argv[1]) / "fingerprint", Checkpoint(step, {"history": torch.zeros(1)}, {"validation": rows}), 2)
print("error: the disk is full", flush=True)
sys.exit(1) if sys.argv[2] == "fail" else time.sleep(300)
"""


def _job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str) -> Job:
    def workspace(*_: object) -> Path:
        return tmp_path

    def nothing(*_: object) -> None:
        pass

    monkeypatch.setattr(training, "create_workspace", workspace)
    monkeypatch.setattr(training, "write_changed_params", nothing)
    monkeypatch.setattr(training, "run_environment", lambda *_: {})
    monkeypatch.setattr(training, "claim", nothing)
    monkeypatch.setattr(training, "release", nothing)
    monkeypatch.setattr(training, "_POLL_SECONDS", 0.1)
    monkeypatch.setattr(training, "dvc", lambda *_: [sys.executable, "-c", _SCRIPT, str(tmp_path / "checkpoints"), way])
    return Job(tmp_path, "name", "", {}, "full", 0, "s_measure", tmp_path / "checkpoints")


def test_a_hopeless_training_is_ended_with_all_its_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Scores] = []

    def is_hopeless(scores: Scores) -> bool:
        seen.append(scores)
        return len(scores) == 2

    started = time.monotonic()
    with pytest.raises(PrunedError):
        run_training(_job(tmp_path, monkeypatch, "wait"), is_hopeless)
    assert time.monotonic() - started < 60
    assert seen[-1] == [(4, 0.25), (8, 0.5)]
    assert not any(str(tmp_path) in " ".join(child.cmdline()) for child in psutil.Process().children(recursive=True))


def test_what_fails_says_why_and_is_not_taken_for_pruned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckError, match="the disk is full"):
        run_training(_job(tmp_path, monkeypatch, "fail"), lambda scores: False)
