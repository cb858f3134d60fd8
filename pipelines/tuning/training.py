"""One training of a trial: in a git worktree of its own, by the graph, kept as a DVC experiment."""

from __future__ import annotations

import csv
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from pipelines.flows.stage_process import dvc, end_all, run_command, stage_environment
from pipelines.flows.workspace.orphans import claim, release
from pipelines.flows.workspace.worktree import create_workspace, run_environment, save_experiment, write_changed_params
from tsernet.errors import CheckError

_POLL_SECONDS = 1.0
Scores = list[tuple[int, float]]


class PrunedError(Exception):
    """The training was cut short, since others were better at its step."""


@dataclass(frozen=True)
class Job:
    """A training to run.

    Attributes:
        repository: The person's.
        name: Of the workspace and of the experiment.
        params: The base, as YAML.
        changes: Values by key.
        variant, seed: Of the training.
        measure: Which validation score counts: a column of history.csv without its `val_`.
        checkpoints: Folder in which a killed training is gone on with.
    """

    repository: Path
    name: str
    params: str
    changes: Mapping[str, Any]
    variant: str
    seed: int
    measure: str
    checkpoints: Path


def run_training(job: Job, is_hopeless: Callable[[Scores], bool]) -> tuple[Scores, str]:
    """Run the graph up to the training.

    Args:
        job: What to run.
        is_hopeless: Asked once a second with the validation scores so far; true ends the training.
    Returns:
        The validation scores by step, and the name of the DVC experiment.
    Raises:
        PrunedError: If `is_hopeless` said so.
        CheckError: If a stage fails.
    """
    claim(job.repository, job.name)
    try:
        workspace = create_workspace(job.repository, job.name, "HEAD")
        write_changed_params(workspace, job.repository, job.params, job.changes)
        shared = {name: value for name, value in run_environment(job.repository, job.name).items() if name != "TSERNET_FLOW_RUN"}
        environment = stage_environment({**shared, "TSERNET_CHECKPOINTS": str(job.checkpoints)})
        if (job.repository / "dvc.lock").is_file():
            # What DVC has made before need not be made again.
            shutil.copyfile(job.repository / "dvc.lock", workspace / "dvc.lock")
            run_command(dvc("checkout", "--quiet", "--allow-missing"), workspace, environment, _ignore)
        with _watched(job, is_hopeless) as hopeless:
            try:
                run_command(dvc("repro", f"train@{job.variant}-{job.seed}"), workspace, environment, _ignore)
            except CheckError:
                if hopeless.is_set():
                    raise PrunedError from None
                raise
        with (workspace / f"results/train/{job.variant}/{job.seed}/history.csv").open(newline="", encoding="utf-8") as lines:
            rows = [row for row in csv.DictReader(lines) if row[f"val_{job.measure}"]]
        experiment = save_experiment(workspace, job.name, f"train@{job.variant}-{job.seed}")
        return [(int(row["step"]), float(row[f"val_{job.measure}"])) for row in rows], experiment
    finally:
        release(job.repository, job.name)


@contextmanager
def _watched(job: Job, is_hopeless: Callable[[Scores], bool]) -> Iterator[threading.Event]:
    """Look at the checkpoints beside the block; the event tells whether the training was ended for what they say."""
    done, hopeless = threading.Event(), threading.Event()

    def watch() -> None:
        while not done.wait(_POLL_SECONDS):
            if is_hopeless(_scores_so_far(job)):
                hopeless.set()
                end_all()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield hopeless
    finally:
        done.set()
        watcher.join()


def _scores_so_far(job: Job) -> Scores:
    """Read the validation scores of the newest checkpoint; those of a training that has none yet are none."""
    for path in sorted(job.checkpoints.glob("*/step-*.safetensors"), reverse=True):
        try:
            with safe_open(path, framework="numpy") as file:
                rows = json.loads(file.metadata()["values"])["validation"]
        except (FileNotFoundError, SafetensorError):  # a newer one has just taken its place
            continue
        return sorted((int(step), float(row[f"val_{job.measure}"])) for step, row in rows.items())
    return []


def _ignore(_line: str) -> None:
    """The last lines are in the error, where there is one."""
