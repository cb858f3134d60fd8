"""Drills, minutes long and so run by hand (`make drills`): SIGKILL at random moments of the real `dvc repro`.

The whole process group dies, DVC with it. `-s` shows what each kill met.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from clones import change, environment, runs, tracked
from ruamel.yaml import YAML

pytestmark = [pytest.mark.drill, pytest.mark.timeout(3000)]

KILLS = int(os.environ.get("TSERNET_DRILL_KILLS", "20"))
TRAINING, DATA = "train@full-0", "validate"
# Shorter than an undisturbed training of these iterations and longer than its process takes to begin.
LONGEST_LIFE = 12.0
STAGES = ("acquire", "prepare", "split", "validate")
# Seconds from a stage's start to the kill: about as long as each lasts.
LONGEST_STAGE = 2.5


@pytest.fixture
def pair(clone: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Two clones of one commit: one is left in peace, the other killed."""
    first, second = tmp_path / "undisturbed", tmp_path / "killed"
    subprocess.run(["git", "clone", "--quiet", str(clone), str(first)], check=True)
    change(first, None, "variants", ["full"])
    change(first, "model", "width", 0.0625)
    for key, value in (("iterations", 1500), ("checkpoint_every", 20), ("log_every", 10)):
        change(first, "train", key, value)
    person = ["-c", "user.name=Person", "-c", "user.email=person@example.org"]
    subprocess.run(["git", *person, "commit", "--quiet", "--all", "-m", "drill"], cwd=first, check=True)
    subprocess.run(["git", "clone", "--quiet", str(first), str(second)], check=True)
    return first, second


def test_a_training_killed_again_and_again_ends_with_the_same_bits(pair: tuple[Path, Path]) -> None:
    undisturbed, killed = pair
    repro(undisturbed, TRAINING)
    repro(killed, DATA)
    moments = random.Random(5)

    for number in range(1, KILLS + 1):
        process = begin(killed, TRAINING)
        wait_for_training(process)
        time.sleep(moments.uniform(0.0, LONGEST_LIFE))
        assert process.poll() is None, f"the training was over before kill {number}:\n{log(killed)}"
        kill(process)
        kept = sorted(path.name[:13] for path in (killed / ".tsernet/checkpoints").glob("*/step-*"))
        print(f"kill {number}: newest checkpoint {kept[-1] if kept else 'none'}", flush=True)
    repro(killed, TRAINING)

    for name in ("model.safetensors", "last.safetensors", "history.csv"):
        first, second = ((root / "results/train/full/0" / name).read_bytes() for root in pair)
        assert first == second, name
    assert logged_steps(killed) == logged_steps(undisturbed) == [list(range(10, 1501, 10))]


def test_the_data_stages_killed_at_any_moment_give_the_same_data(pair: tuple[Path, Path]) -> None:
    undisturbed, killed = pair
    repro(killed, DATA)
    repro(undisturbed, DATA)
    moments = random.Random(5)

    for number in range(1, KILLS + 1):
        aim = STAGES[number % len(STAGES)]
        process = begin(killed, "--force", DATA)
        wait_until(lambda aim=aim: aim in begun(killed))
        time.sleep(moments.uniform(0.0, LONGEST_STAGE))
        was_alive = process.poll() is None
        kill(process)
        met = begun(killed)[-1] if was_alive else "nothing, it was over"
        print(f"kill {number}: aimed at {aim}, met {met}", flush=True)
        repro(killed, DATA)
        assert outputs(killed) == outputs(undisturbed)


def repro(root: Path, *arguments: str) -> None:
    process = begin(root, *arguments)
    assert process.wait() == 0, log(root)


def begin(root: Path, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    own = environment(root, OMP_NUM_THREADS="1")
    with (root.parent / f"{root.name}.log").open("wb") as stream:
        return subprocess.Popen(command, cwd=root, env=own, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True)


def log(root: Path) -> str:
    return (root.parent / f"{root.name}.log").read_text(encoding="utf-8")


def begun(root: Path) -> list[str]:
    return [line.split("'")[1] for line in log(root).splitlines() if line.startswith("Running stage")]


def kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for_training(process: subprocess.Popen[bytes]) -> None:
    wait_until(lambda: process.poll() is not None or any("pipelines.stages.train" in line for line in command_lines(process.pid)))


def command_lines(parent: int) -> list[str]:
    lines = []
    for child in psutil.Process(parent).children(recursive=True):
        try:
            lines.append(" ".join(child.cmdline()))
        except psutil.NoSuchProcess:
            continue
    return lines


def wait_until(happened: Callable[[], bool]) -> None:
    while not happened():
        time.sleep(0.05)


def outputs(root: Path) -> dict[str, list[str]]:
    """Digests of everything that the data stages put out, by stage."""
    stages = YAML(typ="safe").load((root / "dvc.lock").read_text(encoding="utf-8"))["stages"]
    return {name: [json.dumps(one, sort_keys=True) for one in stage.get("outs", [])] for name, stage in stages.items()}


def logged_steps(root: Path) -> list[list[int]]:
    """Steps at which a loss is in MLflow, for each run of a training."""
    children = [run for run in runs(root) if run.data.tags.get("tsernet.role") == "child"]
    return [sorted(point.step for point in tracked(root).get_metric_history(run.info.run_id, "train/loss")) for run in children]
