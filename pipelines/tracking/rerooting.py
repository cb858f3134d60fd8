"""A repository that was moved or copied: the paths in its mlflow.db follow it.

MLflow (seen in 3.17) writes the artifacts' absolute place into the database, so that after `mv` or `cp -r` new artifacts would go
to the old folder, and the models in the new one could not be loaded.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pipelines.tracking.location import EXPERIMENT, repository_root

DATABASE, ARTIFACTS = "mlflow.db", "mlartifacts"
_COLUMNS = (
    ("experiments", "artifact_location"),
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)
"""Where MLflow 3.17 keeps absolute places of artifacts."""
_WAIT_SECONDS = 60.0


def is_default_store(uri: str) -> bool:
    """Say whether a tracking URI is the database at the root of this process's repository, the one store that is re-rooted."""
    return uri == f"sqlite:///{repository_root() / DATABASE}"


def follow_move(root: Path) -> bool:
    """Point the records of the default store below `root`, if they were made below another folder; all or nothing.

    Places outside the old folder stay as they are. A store whose artifacts are elsewhere on purpose is left alone: there the
    folder exists, and none lies beside the database.

    Args:
        root: The repository, with mlflow.db in it.
    Returns:
        Whether anything was changed; then one line on stderr has said so.
    """
    database = root / DATABASE
    if not database.is_file():
        return False
    with closing(sqlite3.connect(database, timeout=_WAIT_SECONDS)) as connection:
        old = _old_root(connection, root)
        if old is None:
            return False
        connection.execute("BEGIN IMMEDIATE")  # another process may have done it while this one waited
        old = _old_root(connection, root)
        changed = _rewrite(connection, old, root) if old is not None else 0
        connection.commit()
    if changed:
        print(f"{database} was made in {old}: its {changed} places of artifacts now lie below {root}", file=sys.stderr)
    return changed > 0


def _old_root(connection: sqlite3.Connection, root: Path) -> Path | None:
    """Name the folder in which the experiment was made, if it is another one and the store was moved from there."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'experiments'").fetchone() is None:
        return None
    found = connection.execute("SELECT artifact_location FROM experiments WHERE name = ?", (EXPERIMENT,)).fetchone()
    location = urlsplit(found[0]) if found and found[0] else None
    if location is None or location.scheme not in ("", "file"):
        return None
    artifacts = Path(unquote(location.path))
    if artifacts.name != ARTIFACTS or artifacts.parent == root or not artifacts.is_absolute():
        return None
    is_elsewhere_on_purpose = artifacts.is_dir() and not (root / ARTIFACTS).is_dir()
    return None if is_elsewhere_on_purpose else artifacts.parent


def _rewrite(connection: sqlite3.Connection, old: Path, new: Path) -> int:
    changed = 0
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table, column in _COLUMNS:
        if table not in tables:
            continue
        for before, after in ((f"{old.as_uri()}/", f"{new.as_uri()}/"), (f"{old}/", f"{new}/")):
            # Names of tables and columns are constants of this file; values are parameters.
            done = connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",
                (after, len(before) + 1, len(before), before),
            )
            changed += done.rowcount
    return changed
