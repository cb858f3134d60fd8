"""A running `tsernet up` for tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from servers import PrefectApi, audited, calls_outside, ended, wait_for


@dataclass(frozen=True)
class Up:
    """A running `tsernet up`; `told` is the file of what it says on stderr, `inspect` is empty for commits without that page."""

    process: subprocess.Popen[bytes]
    repository: Path
    environment: dict[str, str]
    prefect: str
    mlflow: str
    inspect: str
    told: Path

    def serving(self, address: str) -> list[psutil.Process]:
        """List its processes that listen at the port of an address."""
        port = urlsplit(address).port
        return [process for process in psutil.Process(self.process.pid).children(recursive=True) if port in _ports(process)]

    @property
    def api(self) -> PrefectApi:
        """Ask its Prefect server."""
        return PrefectApi(f"{self.prefect}/api")

    def doctor(self) -> tuple[int, dict[str, dict[str, object]]]:
        """Run the doctor as the printed export line says."""
        environment = self.environment | {"PREFECT_API_URL": f"{self.prefect}/api", "MLFLOW_TRACKING_URI": self.mlflow}
        command = [sys.executable, "-m", "pipelines.cli", "doctor", "--json"]
        done = subprocess.run(command, cwd=self.repository, env=environment, capture_output=True, text=True)
        return done.returncode, {finding["name"]: finding for finding in json.loads(done.stdout)}


@contextmanager
def running_up(repository: Path, code: Path, **extra: str) -> Iterator[Up]:
    """Start `tsernet up` and wait for its addresses.

    Args:
        repository: Which it serves.
        code: Where the package is imported from.
        extra: More environment.
    """
    calls = repository.parent / "calls-outside.txt"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "MLFLOW"))} | extra
    environment |= audited(calls, code)
    printed, told = repository.parent / "stdout", repository.parent / "stderr"
    with printed.open("wb") as out, told.open("wb") as err:
        command = [sys.executable, "-m", "pipelines.cli", "up"]
        process = subprocess.Popen(command, cwd=repository, env=environment, stdout=out, stderr=err, start_new_session=True)
    with ended(process):
        wait_for(lambda: "prefect deployment run" in printed.read_text() or process.poll() is not None, 180, "the addresses")
        text = printed.read_text()
        assert process.poll() is None, text + told.read_text()
        prefect, mlflow, inspect = (re.search(rf"^{name} +(http\S+)$", text, re.MULTILINE) for name in ("Prefect", "MLflow", "Inspect"))
        assert prefect
        assert mlflow
        yield Up(process, repository, environment, prefect[1], mlflow[1], inspect[1] if inspect else "", told)
    assert calls_outside(calls) == []


def _ports(process: psutil.Process) -> set[int]:
    try:
        return {c.laddr.port for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    except psutil.NoSuchProcess:  # it has ended since it was listed
        return set()
