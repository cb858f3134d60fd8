"""Look-ups in MLflow's SQLite database without MLflow, whose import alone takes seconds.

Only what look-ups of the registry read, from the one schema that is known here; all else, writing above all, goes to MLflow's own client,
which is imported at that moment. A database of another schema, or a server, is read through MLflow as ever.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_SQLITE = "sqlite:///"
_SCHEMAS = ("dc11669786a5",)
"""Alembic's name of the schema of MLflow 3.17, of which the tables below were read."""
_BY_NAME = re.compile(r"name = '(?P<name>[^']*)'")
_WORKSPACE = "default"
_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class ModelVersion:
    """A version as MLflow's client gives it, by the same names."""

    name: str
    version: str
    run_id: str | None
    creation_timestamp: int
    source: str
    description: str | None
    tags: dict[str, str] = field(default_factory=dict)


class Versions(list[ModelVersion]):
    """All versions of a model: a page without a next one."""

    token = None


class LookupClient:
    """MlflowClient for an SQLite database, which reads what look-ups need by itself.

    Args:
        uri: `sqlite:///PATH`, of a database for which `is_known` holds.
    """

    def __init__(self, uri: str) -> None:
        self._uri, self._path = uri, Path(uri.removeprefix(_SQLITE))
        self._client: Any | None = None

    def __getattr__(self, name: str) -> Any:
        """Hand everything else to MLflow's client."""
        if self._client is None:
            from mlflow import MlflowClient

            self._client = MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)
        return getattr(self._client, name)

    def search_model_versions(self, filter_string: str, max_results: int = 200, page_token: str | None = None) -> Any:
        """List the versions of a model by its name; other searches go to MLflow."""
        match = _BY_NAME.fullmatch(filter_string)
        if match is None:
            return self.__getattr__("search_model_versions")(filter_string, max_results=max_results, page_token=page_token)
        key = (_WORKSPACE, match["name"])
        with _connection(self._path) as database:
            tags: dict[int, dict[str, str]] = {}
            query = "SELECT version, key, value FROM model_version_tags WHERE workspace = ? AND name = ?"
            for version, tag, value in database.execute(query, key):
                tags.setdefault(version, {})[tag] = value
            query = (
                "SELECT name, version, run_id, creation_time, source, description FROM model_versions"
                " WHERE workspace = ? AND name = ? AND current_stage != 'Deleted_Internal'"
            )
            rows = database.execute(query, key).fetchall()
        return Versions(
            ModelVersion(name, str(version), run_id, created, source, description, tags.get(version, {}))
            for name, version, run_id, created, source, description in rows
        )

    def aliases(self, name: str) -> dict[str, str]:
        """Give the aliases of a model; empty if there is no such model."""
        with _connection(self._path) as database:
            query = "SELECT alias, version FROM registered_model_aliases WHERE workspace = ? AND name = ?"
            return {alias: str(version) for alias, version in database.execute(query, (_WORKSPACE, name))}

    def run_tags(self, run_id: str) -> dict[str, str]:
        """Give the tags of a run; empty if there is no such run."""
        with _connection(self._path) as database:
            return dict(database.execute("SELECT key, value FROM tags WHERE run_uuid = ?", (run_id,)).fetchall())

    def run_inputs(self, run_id: str) -> dict[str, str]:
        """Give the digests of a run's datasets by name."""
        query = (
            "SELECT datasets.name, datasets.digest FROM datasets JOIN inputs ON inputs.source_id = datasets.dataset_uuid"
            " WHERE inputs.source_type = 'DATASET' AND inputs.destination_type = 'RUN' AND inputs.destination_id = ?"
        )
        with _connection(self._path) as database:
            return dict(database.execute(query, (run_id,)).fetchall())


def is_known(uri: str) -> bool:
    """Say whether a tracking URI is an SQLite database whose schema is read here."""
    path = Path(uri.removeprefix(_SQLITE))
    if not uri.startswith(_SQLITE) or not path.is_file():
        return False
    try:
        with _connection(path) as database:
            return database.execute("SELECT version_num FROM alembic_version").fetchall() in [[(schema,)] for schema in _SCHEMAS]
    except sqlite3.DatabaseError:
        return False  # MLflow's own client says what is wrong with it


def aliases(client: Any, name: str) -> dict[str, str]:
    """Give the aliases of a model; empty if there is no such model."""
    if isinstance(client, LookupClient):
        return client.aliases(name)
    from mlflow.exceptions import MlflowException

    try:
        model = client.get_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return {}
    return {str(alias): str(number) for alias, number in model.aliases.items()}


def run_tags(client: Any, run_id: str) -> dict[str, str]:
    """Give the tags of a run."""
    return client.run_tags(run_id) if isinstance(client, LookupClient) else dict(client.get_run(run_id).data.tags)


def run_inputs(client: Any, run_id: str) -> dict[str, str]:
    """Give the digests of a run's datasets by name."""
    if isinstance(client, LookupClient):
        return client.run_inputs(run_id)
    return {each.dataset.name: each.dataset.digest for each in client.get_run(run_id).inputs.dataset_inputs}


@contextmanager
def _connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_WAIT_SECONDS)) as database:
        yield database
