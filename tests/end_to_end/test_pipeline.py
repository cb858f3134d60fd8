"""`dvc repro` in a temporary clone: from nothing to a champion, nothing twice, and nothing lost to SIGKILL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clones import change, environment, runs, tracked
from forks import Forks

from pipelines.monitoring.training_split import split_of_version
from pipelines.registry.trace import trace_version
from pipelines.registry.versions import resolve
from tsernet.data.samples import read_split
from tsernet.errors import UserError

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

VARIANTS = ["full", "no_subnet"]


@pytest.fixture(scope="module")
def repository(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of its own, since what is done here shows in what it leaves."""
    path = tmp_path_factory.mktemp("pipeline") / "repository"
    subprocess.run(["git", "clone", "--quiet", str(clone), str(path)], check=True)
    change(path, "train", "iterations", 4)
    change(path, None, "variants", VARIANTS)
    return path


@pytest.fixture(scope="module")
def reproduced(repository: Path) -> Path:
    """The repository after one `dvc repro`."""
    repro(repository)
    return repository


def repro(root: Path, *arguments: str, code: int = 0, environment_extra: dict[str, str] | None = None) -> str:
    command = [sys.executable, "-m", "dvc", "repro", *arguments]
    done = subprocess.run(command, cwd=root, env=environment(root, **(environment_extra or {})), capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def stages_run(output: str) -> list[str]:
    return [line.split("'")[1].split("@")[0] for line in output.splitlines() if line.startswith("Running stage")]


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_one_command_leads_to_a_champion(reproduced: Path) -> None:
    for variant in VARIANTS:
        scores = read_json(reproduced / f"results/evaluate/{variant}/0/metrics.json")
        assert (scores["count"], scores["clean_images"]) == (8, 2)
        assert len(list((reproduced / f"results/evaluate/{variant}/0/maps").iterdir())) == 10
        assert 0 < scores["s_measure"] < 1
    report = (reproduced / "results/report/report.html").read_text(encoding="utf-8")
    assert "constant map" in report
    assert "inverted brightness" in report
    registered = read_json(reproduced / "results/register.json")
    assert (registered["version"], registered["champion"]) == ("1", True)


def test_one_parent_and_a_child_for_each_variant(reproduced: Path) -> None:
    parents = [run for run in runs(reproduced) if "mlflow.parentRunId" not in run.data.tags]
    children = [run for run in runs(reproduced) if "mlflow.parentRunId" in run.data.tags]
    assert len(parents) == 1
    assert {run.data.tags["mlflow.parentRunId"] for run in children} == {parents[0].info.run_id}
    assert sorted(run.data.tags["tsernet.variant"] for run in children) == VARIANTS
    for run in children:
        assert run.info.status == "FINISHED"
        assert {"train/loss", "test/s_measure", "test/max_f_measure"} <= run.data.metrics.keys()


def test_the_champion_predicts_from_another_folder(reproduced: Path, tmp_path: Path) -> None:
    code = (
        "import mlflow, numpy as np\n"
        "images = np.random.default_rng(0).integers(0, 255, (2, 40, 50), dtype=np.uint8)\n"
        "np.save('maps.npy', mlflow.pyfunc.load_model('models:/tsernet@champion').predict(images))\n"
    )
    uri = f"sqlite:///{reproduced / 'mlflow.db'}"
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**kept, "MLFLOW_TRACKING_URI": uri}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    maps = np.load(tmp_path / "maps.npy")
    assert maps.shape == (2, 40, 50)
    assert 0 <= maps.min() < maps.max() <= 1


@pytest.mark.parametrize("here", [True, False], ids=["from the working copy", "from the cache of another"])
def test_the_champions_training_images_are_found(reproduced: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: bool) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{reproduced / 'mlflow.db'}")
    registry, version = resolve("models:/tsernet@champion")
    traced = trace_version(registry, version)
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc/config").write_text(f"[cache]\n    dir = {reproduced / '.dvc/cache'}\n", encoding="utf-8")
    split = split_of_version(reproduced if here else tmp_path, "the champion", traced["splits"]["train"], traced["inputs"])
    assert list(split.names) == read_split(reproduced / "data/splits/train.csv")
    images = [reproduced / f"data/prepared/images/{name}.png" for name in split.names]
    assert [split.read(name) for name in split.names] == [path.read_bytes() for path in images]
    with pytest.raises(UserError, match="neither in the working copy nor in DVC's cache"):
        split_of_version(tmp_path, "the champion", "another", {})


def test_nothing_runs_twice_and_a_changed_evaluation_trains_nothing(reproduced: Path, forks: Forks) -> None:
    assert stages_run(*forks.repro(reproduced)) == []
    change(reproduced, "evaluate", "batch_size", 3)
    assert sorted(stages_run(*forks.repro(reproduced))) == ["check", "compare", "evaluate", "evaluate", "register"]


def test_a_key_that_is_none_stops_before_anything_runs(reproduced: Path) -> None:
    params = reproduced / "params.yaml"
    before = params.read_text(encoding="utf-8")
    params.write_text(before + "trian: {lr: 1}\n", encoding="utf-8")
    output = repro(reproduced, code=255)
    params.write_text(before, encoding="utf-8")
    assert "error: params.yaml: trian: unknown key; allowed here: compare, dataset" in output
    assert (reproduced / "results/report/report.html").is_file()


def test_a_killed_training_goes_on_to_the_same_bits_in_the_same_run(reproduced: Path) -> None:
    expected = (reproduced / "results/train/full/0/model.safetensors").read_bytes()
    before = {run.info.run_id for run in runs(reproduced)}
    checkpoints = reproduced / ".tsernet/checkpoints"
    command = [sys.executable, "-m", "dvc", "repro", "--single-item", "--force", "train@full-0"]
    with subprocess.Popen(command, cwd=reproduced, env=environment(reproduced), start_new_session=True) as process:
        deadline = time.monotonic() + 120
        while not list(checkpoints.glob("*/step-*.safetensors")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGKILL)
    repro(reproduced, "--single-item", "--force", "train@full-0")
    assert (reproduced / "results/train/full/0/model.safetensors").read_bytes() == expected
    assert not list(checkpoints.iterdir())
    new = [run for run in runs(reproduced) if run.info.run_id not in before and "tsernet.variant" in run.data.tags]
    assert len(new) == 1
    steps = [point.step for point in tracked(reproduced).get_metric_history(new[0].info.run_id, "train/loss")]
    assert steps == sorted(set(steps))


def test_new_variants_alone_train_side_by_side(reproduced: Path) -> None:
    """The workers leave alone what is up to date; that theirs are the same bits is shown by the killed training above."""
    before = {run.info.run_id for run in runs(reproduced)}
    more = ["no_efbi", "no_erm", "no_fig"]  # for two workers: one of them trains twice
    change(reproduced, None, "variants", [*VARIANTS, *more])
    output = repro(reproduced, "train", environment_extra={"TSERNET_WORKERS": "2"})
    assert "2 trainings at once" in output
    assert stages_run(output) == ["train"] * 3
    new = [run.data.tags.get("tsernet.variant") for run in runs(reproduced) if run.info.run_id not in before]
    assert sorted(variant for variant in new if variant) == more
    assert all((reproduced / f"results/train/{variant}/0/model.safetensors").is_file() for variant in more)
    assert not any((reproduced / ".tsernet/checkpoints").iterdir())
