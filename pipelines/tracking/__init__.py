"""Runs and metrics in MLflow; with `pipelines.registry` the only importer of mlflow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pipelines.tracking.location import EXPERIMENT, local_state, repository_root, tracking_uri

if TYPE_CHECKING:
    from pipelines.tracking.pending import Sent, send_all
    from pipelines.tracking.runs import ChildRun, child_run, parent_run

__all__ = ["EXPERIMENT", "ChildRun", "Sent", "child_run", "local_state", "parent_run", "repository_root", "send_all", "tracking_uri"]


def __getattr__(name: str) -> Any:
    # Only who records a run pays for what that imports; a stage that takes its results from the workers asks for paths alone.
    if name in ("Sent", "send_all"):
        from pipelines.tracking import pending

        return getattr(pending, name)
    if name in ("ChildRun", "child_run", "parent_run"):
        from pipelines.tracking import runs

        return getattr(runs, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
