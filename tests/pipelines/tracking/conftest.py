"""A repository and a tracking store of its own for each test."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Path) -> Path:
    """An empty git repository as the working directory; its default store; no execution named."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in ("MLFLOW_TRACKING_URI", "TSERNET_EXECUTION", "TSERNET_FLOW_RUN", "PREFECT__FLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    return tmp_path
