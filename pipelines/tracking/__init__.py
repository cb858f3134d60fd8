"""Runs and metrics in MLflow; with `pipelines.registry` the only importer of mlflow."""

from __future__ import annotations

from pipelines.tracking.location import EXPERIMENT, local_state, repository_root, tracking_uri
from pipelines.tracking.pending import Sent, send_all
from pipelines.tracking.runs import ChildRun, child_run, parent_run

__all__ = ["EXPERIMENT", "ChildRun", "Sent", "child_run", "local_state", "parent_run", "repository_root", "send_all", "tracking_uri"]
