"""Runs: one parent for an execution of the pipeline, one child per variant and seed."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.tracking.location import local_state, repository_root, tracking_uri
from pipelines.tracking.outbox.sender import Sender
from pipelines.tracking.outbox.spool import Spool, last_steps
from pipelines.tracking.pipeline_run import pipeline_run_id
from pipelines.tracking.provenance import dataset_inputs, provenance_tags, source_files
from pipelines.tracking.retry import retry_on_collision
from pipelines.tracking.server import experiment_id, machine_lock, make_client, reachable
from pipelines.tracking.system_metrics import SystemMetrics
from tsernet.errors import CheckError, UserError


class ChildRun:
    """A run to log into; whatever is logged is written down locally first and sent by a thread.

    Args:
        run_id: Of this run.
        parent_run_id: Of the execution that it belongs to; its own id for a parent.
        experiment_id: Of the experiment `tsernet`.
        spool: Where its records go.
        logged: The last step known of each metric, and the params that the run has; nothing of it is said twice.
    """

    def __init__(self, run_id: str, parent_run_id: str, experiment_id: str, spool: Spool, logged: tuple[dict[str, int], set[str]]) -> None:
        self.run_id, self.parent_run_id, self.experiment_id = run_id, parent_run_id, experiment_id
        self._spool = spool
        self._last_steps, self._known_params = logged

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log params; those that the run already has stay as they are, since MLflow does not change them."""
        new = {key: str(value)[:6000] for key, value in params.items() if key not in self._known_params}
        self._known_params.update(new)
        if new:
            self._spool.append({"kind": "params", "values": new})

    def log_step(self, step: int, metrics: Mapping[str, float]) -> None:
        """Log metrics of a step; one that the run has already, from before it was interrupted, is not logged again."""
        new = {key: float(value) for key, value in metrics.items() if step > self._last_steps.get(key, -1)}
        self._last_steps.update(dict.fromkeys(new, step))
        if new:
            self._spool.append({"kind": "metrics", "step": step, "time": _now(), "values": new})

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Log metrics that have no step; a later value stands beside the earlier one and is the one that is shown."""
        values = {key: float(value) for key, value in metrics.items()}
        self._spool.append({"kind": "metrics", "step": 0, "time": _now(), "values": values})

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags; a later value replaces an earlier one."""
        self._spool.append({"kind": "tags", "values": {key: str(value)[:8000] for key, value in tags.items()}})

    def log_artifact(self, path: Path, folder: str = "") -> None:
        """Log a file or a folder as it is now.

        Args:
            path: It is copied, and may change or go afterwards.
            folder: Within the run's artifacts.
        """
        self._spool.append({"kind": "artifact", "file": self._spool.keep_file(path), "folder": folder})

    def log_image(self, array: NDArray[np.uint8], name: str, step: int) -> None:
        """Log an image at a step, for MLflow's row of images over time.

        Args:
            array: uint8, (H, W) or (H, W, 3).
            name: Such as `map.png`; its stem names the row.
            step: The training step.
        """
        from PIL import Image

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{Path(name).stem}.png"
            Image.fromarray(array).save(path)
            kept = self._spool.keep_file(path)
        self._spool.append({"kind": "image", "file": kept, "key": Path(name).stem, "step": step, "time": _now()})


@contextmanager
def child_run(variant: str, seed: int, *, resume: str | None = None) -> Iterator[ChildRun]:
    """Open the run of one variant and seed under this execution's parent.

    A resumed run keeps its own parent: the execution that began it. This execution's parent then names it, so that a
    result restored from DVC's cache leads to the run that made it. An id that this store does not know gives a new run.

    Args:
        variant: Name of the variant.
        seed: Seed of the training.
        resume: Id of the run to go on with.
    Raises:
        UserError: If the tracking store cannot be reached.
    """
    workspace, root, uri = Path.cwd(), repository_root(), tracking_uri()
    client = make_client(uri)
    with reachable(uri):
        experiment = experiment_id(client, uri, root)
        parent = _find_parent(client, experiment, workspace, root)
        run = _find_run(client, resume) if resume else None
        name = f"{variant}-{seed}"
        if run is None:
            tags = provenance_tags(workspace, pipeline_run_id(workspace)) | {
                "mlflow.runName": name,
                "mlflow.parentRunId": parent,
                "tsernet.role": "child",
                "tsernet.variant": variant,
                "tsernet.seed": str(seed),
                **({"tsernet.continues": resume} if resume else {}),
            }
            run = client.create_run(experiment, tags=tags)
            if inputs := dataset_inputs(workspace):
                # Two trainings that bring the same new data at one moment collide: MLflow looks whether it has them, and then adds them.
                retry_on_collision(partial(client.log_inputs, run.info.run_id, datasets=inputs))
        else:
            client.update_run(run.info.run_id, status="RUNNING")
        client.set_tag(parent, f"tsernet.child.{name}", run.info.run_id)
        client.update_run(parent, status="RUNNING")
        handle, spool = _handle(client, run, run.data.tags.get("mlflow.parentRunId", parent), root)
    with _exclusive_spool(spool), _logging(client, handle, spool, parent):
        if not run.data.tags.get("tsernet.sources"):
            _log_sources(handle, workspace)
        yield handle


@contextmanager
def parent_run() -> Iterator[ChildRun]:
    """Open the run of this execution of the pipeline, for what concerns all variants.

    Raises:
        UserError: If the tracking store cannot be reached.
    """
    workspace, root, uri = Path.cwd(), repository_root(), tracking_uri()
    client = make_client(uri)
    with reachable(uri):
        run = client.get_run(_find_parent(client, experiment_id(client, uri, root), workspace, root))
        client.update_run(run.info.run_id, status="RUNNING")
        handle, spool = _handle(client, run, run.info.run_id, root)
    with _exclusive_spool(spool), _logging(client, handle, spool, None):
        yield handle


def _find_parent(client: Any, experiment: str, workspace: Path, root: Path) -> str:
    """Find this execution's parent run, or make it; one process at a time, so that there is only one."""
    execution = pipeline_run_id(workspace)
    with machine_lock("parent", root):
        query = f"tags.`tsernet.execution` = '{execution}' and tags.`tsernet.role` = 'parent'"
        found = client.search_runs([experiment], query, max_results=1)
        if found:
            return str(found[0].info.run_id)
        tags = provenance_tags(workspace, execution)
        tags |= {"mlflow.runName": f"pipeline {datetime.now():%Y-%m-%d %H:%M:%S}", "tsernet.role": "parent"}
        return str(client.create_run(experiment, tags=tags).info.run_id)


def _find_run(client: Any, run_id: str) -> Any | None:
    """Look a run up; None if this store does not know it, or it was deleted."""
    from mlflow.exceptions import MlflowException

    try:
        run = client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None
    return run if run.info.lifecycle_stage == "active" else None


def _handle(client: Any, run: Any, parent: str, root: Path) -> tuple[ChildRun, Spool]:
    spool = Spool(local_state(root) / "spool" / run.info.run_id)
    steps = last_steps(spool)
    for key in run.data.metrics:
        history = client.get_metric_history(run.info.run_id, key)
        steps[key] = max([steps.get(key, -1), *(point.step for point in history)])
    return ChildRun(run.info.run_id, parent, run.info.experiment_id, spool, (steps, set(run.data.params))), spool


def _log_sources(handle: ChildRun, workspace: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for path in source_files(workspace, Path(folder)):
            handle.log_artifact(path, "source")
    handle.set_tags({"tsernet.sources": "source"})


@contextmanager
def _exclusive_spool(spool: Spool) -> Iterator[None]:
    from filelock import Timeout

    with ExitStack() as stack:
        try:
            stack.enter_context(spool.claimed(10.0))
        except Timeout:
            raise UserError(f"MLflow run {spool.folder.name} is being logged into by another process; wait until it has ended") from None
        yield


@contextmanager
def _logging(client: Any, handle: ChildRun, spool: Spool, parent: str | None) -> Iterator[None]:
    """Send in the background; at the end say how it ended, and send the rest."""
    system = SystemMetrics(first_step=1 + last_steps(spool).get("system/cpu_utilization_percentage", -1)) if parent else None
    sender = Sender(client, handle.run_id, spool, system)
    sender.start()
    status = "FAILED"
    try:
        yield
        status = "FINISHED"
    except (KeyboardInterrupt, GeneratorExit):
        status = "KILLED"
        raise
    except SystemExit as stop:
        status = "KILLED" if stop.code else "FINISHED"
        raise
    except Exception as error:
        kind = "refused" if isinstance(error, CheckError) else type(error).__name__
        handle.set_tags({"tsernet.error": f"{kind}: {' '.join(str(error).split())}"})
        raise
    finally:
        spool.append({"kind": "end", "status": status, "time": _now(), "parent": parent, "experiment": handle.experiment_id})
        sender.close()
        if not sender.is_alive() and spool.is_empty:
            spool.forget()


def _now() -> int:
    return int(time.time() * 1000)
