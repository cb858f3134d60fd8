"""Two processes train as one with the joint batch, whoever starts them; one of them speaks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tsernet.errors import UserError
from tsernet.training import NoReporter, TrainingJob, train
from tsernet.training.hardware import Settings, device_names

SCRIPT = Path(__file__).with_name("in_two_processes.py")
MakeJob = Callable[..., TrainingJob]


def run_script(job: TrainingJob, out: Path, launcher: list[str], stop: bool) -> tuple[dict[str, Any], str]:
    """Run the script; return the first process's record and what all of them said."""
    out.mkdir()
    spec = {
        "params": job.params.model_dump(mode="json", by_alias=True),
        "prepared": str(job.prepared),
        "checkpoints": str(job.checkpoints),
        "train_names": job.train_names,
        "val_names": job.val_names,
        "out": str(out),
        "stop": stop,
    }
    (out / "spec.json").write_text(json.dumps(spec))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, *launcher, str(SCRIPT), str(out / "spec.json")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return json.loads((out / "record.json").read_text()), done.stderr


@pytest.mark.slow
@pytest.mark.long
def test_two_processes_train_as_one_and_a_stop_in_one_stops_both(make_job: MakeJob, tmp_path: Path) -> None:
    # Near the identity rounding stays small, which two ways of summing differ by.
    two = {"train__hardware__devices": 2, "model__initialisation": "residual"}
    undisturbed, said = run_script(make_job("a", **two), tmp_path / "fabric", [], stop=False)
    assert undisturbed["gradient_difference"] < 1e-9
    assert said.count("6/6  (") == 1  # the line that the end prints
    alone = train(make_job("alone", model__initialisation="residual", train__iterations=1), NoReporter())
    assert undisturbed["totals"][0] == pytest.approx(alone.history.totals[0], rel=1e-5)

    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    job = make_job("b", **two)
    stopped, said = run_script(job, tmp_path / "torchrun", torchrun, stop=True)
    assert stopped["message"].startswith("stopped by signal 15 at step ")
    assert said.count("going on from step") == 1
    assert len(set(undisturbed["digests"] + stopped["digests"])) == 1
    assert stopped["rows"] == undisturbed["rows"]
    assert len(list(job.checkpoints.iterdir())) == job.params.train.keep_checkpoints


def test_a_batch_that_the_devices_cannot_share_is_refused(make_job: MakeJob) -> None:
    with pytest.raises(UserError, match=r"train\.batch_size is 2, expected a multiple of train\.hardware\.devices \(3\)"):
        train(make_job(train__hardware__devices=3), NoReporter())


def test_other_processes_than_devices_are_refused(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "4")
    with pytest.raises(UserError, match="devices is 1, but 4 processes were started"):
        train(make_job(), NoReporter())


@pytest.mark.parametrize(
    ("visible", "count", "names"), [("", 2, ["cuda-0", "cuda-1"]), ("3, 1,2", 2, ["cuda-1", "cuda-3"]), ("GPU-ab", 1, ["cuda-GPU-ab"])]
)
def test_each_gpu_of_a_training_has_its_own_lock(visible: str, count: int, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert device_names(Settings("cuda", "32-true", torch.channels_last), count) == names
    assert device_names(Settings("cpu", "32-true", torch.channels_last), count) == ["cpu"]
