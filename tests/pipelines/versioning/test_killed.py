"""Killed at some moment in a stage, the next `dvc repro` gives what an undisturbed one gives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from dvc_clone import Clone
from ruamel.yaml import YAML

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]

OUTPUTS = ("data/raw", "data/prepared", "data/splits")


def _state(root: Path) -> tuple[dict[str, bytes], Any]:
    """Give the files, and what dvc.lock says, whose stages stand in the order in which they ended."""
    files = {str(path.relative_to(root)): path.read_bytes() for room in OUTPUTS for path in (root / room).rglob("*") if path.is_file()}
    return files, YAML(typ="safe", pure=True).load((root / "dvc.lock").read_text(encoding="utf-8"))


def _forget(root: Path) -> None:
    for room in (*OUTPUTS, ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(root / room, ignore_errors=True)
    (root / "dvc.lock").unlink(missing_ok=True)


def _kill_in(clone: Clone, stage: str, delay: float) -> None:
    """Start `dvc repro` and kill it with all its children once the stage has run for so long."""
    dvc = subprocess.Popen(
        [sys.executable, "-m", "dvc", "repro", "-q", "split"],
        cwd=clone.root,
        env={**os.environ, "PYTHONPATH": str(clone.root), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        while dvc.poll() is None and not _runs(dvc.pid, f"pipelines.stages.{stage}"):
            time.sleep(0.02)
        time.sleep(delay)
        assert dvc.poll() is None, f"{stage} was over before it could be killed"
    finally:
        os.killpg(dvc.pid, signal.SIGKILL)
        dvc.wait()


def _runs(parent: int, module: str) -> bool:
    for child in psutil.Process(parent).children(recursive=True):
        try:
            if module in child.cmdline():
                return True
        except psutil.NoSuchProcess:
            continue
    return False


def test_killed_in_a_stage_the_next_run_gives_the_same(clone: Clone) -> None:
    clone.params(dataset__source="synthetic", dataset__synthetic__per_class=40, dataset__synthetic__size=96, split__method="official")
    clone.dvc("repro", "-q", "split")
    whole = _state(clone.root)
    for stage, delay in (("acquire", 0.9), ("prepare", 0.9), ("split", 0.1)):
        _forget(clone.root)
        _kill_in(clone, stage, delay)
        clone.dvc("repro", "-q", "split")
        assert _state(clone.root) == whole, stage
        assert not list((clone.root / "data").glob(".*"))
