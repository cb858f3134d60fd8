"""mlflow.db is there whole, or not at all."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.tracking.server import make_client
from tsernet.errors import UserError


def test_killed_while_the_tables_are_made_the_next_one_makes_them(repository: Path) -> None:
    database, partial = repository / "mlflow.db", repository / "mlflow.db.partial"
    database.unlink()
    uri = f"sqlite:///{database}"
    code = f"from pipelines.tracking.server import make_client; make_client({uri!r})"
    process = subprocess.Popen([sys.executable, "-c", code], cwd=repository)
    while not (partial.is_file() and partial.stat().st_size) and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.wait()
    assert partial.is_file(), "the kill came too late to tell"
    assert not database.exists()

    assert [experiment.name for experiment in make_client(uri).search_experiments()] == ["Default"]
    assert sorted(path.name for path in repository.glob("mlflow.db*")) == ["mlflow.db"]


def test_a_damaged_database_is_one_line(repository: Path) -> None:
    (repository / "mlflow.db").write_bytes(b"half of something else\n" * 99)
    with pytest.raises(UserError, match=r"mlflow\.db is damaged \(file is not a database\); put a copy of it back"):
        make_client()
