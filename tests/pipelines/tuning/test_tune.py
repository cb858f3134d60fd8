"""`tsernet tune` on the real graph: killed in a training, called again, and its trials as experiments and runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from clones import environment, runs
from dvc_clone import Clone

pytestmark = [pytest.mark.drill, pytest.mark.timeout(900)]


TUNE = [sys.executable, "-m", "pipelines.cli", "tune", "--trials", "2", "--folds", "1", "--validations", "4"]


def _checkpoints(clone: Clone) -> list[Path]:
    return sorted(clone.root.glob(".tsernet/tune/*/trial-*/*/step-*.safetensors"))


def test_killed_in_a_training_it_goes_on_from_there(clone: Clone) -> None:
    (clone.root / "tune.yaml").write_text(
        "train.optimiser.lr: {low: 0.0005, high: 0.005, log: true}\ntrain.augment.rotate: {choices: [true, false]}\n"
    )
    clone.params(train__iterations=40)  # long enough to be caught in
    process = subprocess.Popen(
        TUNE,
        cwd=clone.root,
        env=environment(clone.root, OMP_NUM_THREADS="1"),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 300
    while not _checkpoints(clone) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    while (left := list((clone.root / ".tsernet/workspaces").glob("*"))) and time.monotonic() < deadline:
        time.sleep(0.1)  # the guard ends the training, the janitor clears up
    assert left == []
    (kept,) = {path.parent for path in _checkpoints(clone)}
    assert 0 < max(int(path.name.split("-")[1]) for path in _checkpoints(clone)) < 40

    printed = clone.call(*TUNE, environment=environment(clone.root))
    assert "1 trials so far" in printed
    assert "trial 0: going on" in printed
    for number in (0, 1):
        assert re.search(rf"trial {number}: max_f_measure 0\.\d+", printed)
    assert not kept.exists()
    trained = [run for run in runs(clone.root) if "tsernet.fingerprint" in run.data.tags]
    assert [run.info.status for run in trained] == ["FINISHED"] * 2  # the killed training's run is the one that was gone on with
    assert kept.name in {run.data.tags["tsernet.fingerprint"] for run in trained}

    (name,) = set(re.findall(r"tune-[0-9a-f]{10}", printed))
    experiments = clone.git("for-each-ref", "--format=%(refname:lstrip=-1)", "refs/exps").split()
    assert {f"{name}-0-fold-1", f"{name}-1-fold-1"} <= set(experiments)
    best = next(line for line in printed.splitlines() if line.startswith("the best"))
    assert re.search(r"dvc exp run -S train\.optimiser\.lr=0\.00\d+ -S train\.augment\.rotate=(true|false) train@full-0", best)
