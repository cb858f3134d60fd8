"""Drills, minutes long and so run by hand (`make drills`): the real graph under `tsernet up`, four triggers at once and cancelled runs.

The suite does the same on a stand-in graph whose stages do nothing.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from mlflow import MlflowClient

if TYPE_CHECKING:
    from stacks import Up

pytestmark = [pytest.mark.drill, pytest.mark.timeout(3000)]


@pytest.fixture(scope="module")
def up(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Start `tsernet up` in a clone of its own."""
    from stacks import running_up

    path = tmp_path_factory.mktemp("drill") / "repository"
    subprocess.run(["git", "clone", "--quiet", str(clone), str(path)], check=True)
    for key, value in (("user.name", "Person"), ("user.email", "person@example.org")):
        subprocess.run(["git", "config", key, value], cwd=path, check=True)
    with running_up(path, path, OMP_NUM_THREADS="1", TSERNET_LOCKS=str(path.parent / "locks")) as running:
        yield running


def test_four_triggers_at_once_make_four_versions_one_after_the_other(up: Up) -> None:
    runs = [trigger(up, iterations) for iterations in (3, 4, 5, 6)]
    for run_id in runs:
        assert up.api.wait_for_end(run_id, 900) == "COMPLETED", up.api.logs_of(run_id)

    spans = sorted(training_span(up, run_id) for run_id in runs)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans)), spans
    names = {up.api.get(f"/flow_runs/{run_id}").json()["name"] for run_id in runs}
    assert names <= set(output(up, sys.executable, "-m", "dvc", "exp", "list", "--name-only").split())
    versions = MlflowClient(up.mlflow).search_model_versions("name = 'tsernet'")
    assert sorted(version.version for version in versions) == ["1", "2", "3", "4"]
    assert output(up, "git", "status", "--porcelain") == ""
    assert slots_taken(up) == 0


@pytest.mark.parametrize("task", ["split and validate", "train full 0", "evaluate full 0"])
def test_a_run_cancelled_in_a_task_leaves_nothing_and_the_next_one_completes(up: Up, task: str) -> None:
    from servers import wait_for

    iterations = {"split and validate": 7, "train full 0": 400, "evaluate full 0": 8}[task]
    before = len(MlflowClient(up.mlflow).search_model_versions("name = 'tsernet'"))
    run_id = trigger(up, iterations)
    wait_for(lambda: state_of_task(up, run_id, task) == "RUNNING" and stage_processes(up), 600, task)
    if task == "train full 0":
        wait_for(lambda: list((up.repository / ".tsernet/checkpoints").rglob("step-*")), 120, "a checkpoint")
    up.api.post(f"/flow_runs/{run_id}/set_state", state={"type": "CANCELLING"}).raise_for_status()

    assert up.api.wait_for_end(run_id, 60) == "CANCELLED", up.api.logs_of(run_id)
    wait_for(lambda: not stage_processes(up), 10, "the end of the stage's processes")
    wait_for(lambda: slots_taken(up) == 0, 10, "the slot")
    assert len(MlflowClient(up.mlflow).search_model_versions("name = 'tsernet'")) == before
    again = trigger(up, iterations)
    assert up.api.wait_for_end(again, 900) == "COMPLETED", up.api.logs_of(again)
    if task == "train full 0":
        assert "going on from step" in up.api.logs_of(again)
    assert output(up, "git", "status", "--porcelain") == ""


def trigger(up: Up, iterations: int) -> str:
    deployment = up.api.get("/deployments/name/retrain/default").json()["id"]
    settings = {"iterations": iterations, "variants": ["full"]}
    answer = up.api.post(f"/deployments/{deployment}/create_flow_run", parameters={"settings": settings})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def tasks_of(up: Up, run_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = up.api.post("/task_runs/filter", flow_runs={"id": {"any_": [run_id]}}).json()
    return found


def state_of_task(up: Up, run_id: str, name: str) -> str | None:
    return next((task["state_type"] for task in tasks_of(up, run_id) if task["name"] == name), None)


def training_span(up: Up, run_id: str) -> tuple[str, str]:
    """When a run's training began and ended, as ISO times of one clock."""
    (task,) = (task for task in tasks_of(up, run_id) if task["name"] == "train full 0")
    return task["start_time"], task["end_time"]


def slots_taken(up: Up) -> int:
    return int(up.api.get("/v2/concurrency_limits/gpu").json()["active_slots"])


def stage_processes(up: Up) -> list[int]:
    """Processes of a stage, or of the DVC that runs it, that belong to this repository."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        try:
            if ("pipelines.stages" in line or "dvc repro" in line) and str(up.repository) in process.cwd():
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def output(up: Up, *command: str) -> str:
    return subprocess.run(command, cwd=up.repository, env=up.environment, capture_output=True, text=True, check=True).stdout
