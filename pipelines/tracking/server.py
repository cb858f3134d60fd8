"""One client for the tracking store, patient enough for a network and never for minutes."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.redaction import redact_passwords
from pipelines.tracking.database import is_database_missing, make_database
from pipelines.tracking.location import EXPERIMENT, artifact_location, local_state, repository_root, tracking_uri
from pipelines.tracking.lookup import LookupClient, is_known
from pipelines.tracking.rerooting import follow_move, is_default_store
from tsernet.errors import UserError

# By default a call to a server that is gone blocks for minutes before it raises.
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
_GONE = ("API request to", "Max retries exceeded", "Connection refused", "could not connect", "connection to server")
_DAMAGED = ("file is not a database", "database disk image is malformed")


def make_client(uri: str | None = None) -> Any:
    """Make an MlflowClient for the tracking store and its registry, or what stands for one where look-ups need no MLflow.

    Args:
        uri: As `tracking_uri` says if not given.
    Raises:
        UserError: If the store cannot be reached.
    """
    for name, value in PATIENCE.items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a plant's images are nobody else's business
    for name in ("alembic", "mlflow.store.db.utils"):
        logging.getLogger(name).setLevel(logging.WARNING)
    uri = uri or tracking_uri()
    if not uri.startswith("sqlite:"):
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    with machine_lock("database"), reachable(uri):  # two processes that make the tables at once disturb each other
        if is_database_missing(uri):
            make_database(uri)
        elif is_default_store(uri):
            follow_move(repository_root())
        if is_known(uri):
            return LookupClient(uri)
        from mlflow import MlflowClient

        return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def reachable(uri: str) -> Iterator[None]:
    """Turn the failure to reach the store into one line for the user."""
    try:
        yield
    except Exception as error:
        # By name: their modules take seconds to import.
        kinds = {kind.__name__ for kind in type(error).__mro__}
        text = " ".join(str(error).split())
        if "DatabaseError" in kinds and any(sign in text for sign in _DAMAGED):
            mend = "put a copy of it back, or move it away to begin a new one"
            raise UserError(f"the tracking store {redact_passwords(uri)} is damaged ({text[:160]}); {mend}") from None
        if "OperationalError" not in kinds and not ("MlflowException" in kinds and any(sign in text for sign in _GONE)):
            raise
        raise UserError(
            f"the tracking store {redact_passwords(uri)} cannot be reached ({text[:160]}); start it, or set MLFLOW_TRACKING_URI to another"
        ) from None


def experiment_id(client: Any, uri: str, root: Path) -> str:
    """Find the experiment `tsernet`, or make it."""
    from mlflow.exceptions import MlflowException

    with machine_lock("experiment", root):
        found = client.get_experiment_by_name(EXPERIMENT)
        if found is None:
            try:
                return str(client.create_experiment(EXPERIMENT, artifact_location=artifact_location(uri, root)))
            except MlflowException as error:  # another machine was quicker
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                found = client.get_experiment_by_name(EXPERIMENT)
        if found.lifecycle_stage == "deleted":
            client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)


@contextmanager
def machine_lock(name: str, root: Path | None = None) -> Iterator[None]:
    """Let one process of this machine and repository at a time do what `name` says."""
    from filelock import FileLock

    folder = local_state(root) / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{name}.lock", timeout=120):
        yield
