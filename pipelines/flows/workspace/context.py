"""The frame of a flow run: its workspace comes and goes with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prefect.runtime import flow_run

from pipelines.flows.stage_process import end_all
from pipelines.flows.workspace.janitor import janitor
from pipelines.flows.workspace.orphans import claim, clean_orphans, release
from pipelines.flows.workspace.watchdogs import terminate_when_cancelled, terminate_with_worker
from pipelines.flows.workspace.worktree import find_repository
from pipelines.loopback import bypass_proxy_for_loopback


@contextmanager
def flow_workspace() -> Iterator[tuple[Path, str]]:
    """Clear away what dead runs left, and remove this run's own workspace however it ends.

    Returns:
        The person's repository and the flow run's id.
    """
    bypass_proxy_for_loopback()
    terminate_with_worker()
    repository, run_id = find_repository(), str(flow_run.id)
    clean_orphans(repository)
    claim(repository, run_id)
    with janitor(repository), terminate_when_cancelled(run_id):
        try:
            yield repository, run_id
        finally:
            end_all()
            release(repository, run_id)
