"""A real tracking server that dies in the middle of a run: nothing waits for it, nothing is lost."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipelines import tracking
from pipelines.cli import build_app

pytestmark = [pytest.mark.slow, pytest.mark.long]


class Server:
    """An `mlflow server` that can be killed and started again on the same port and database."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.uri = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        command += ["--backend-store-uri", "sqlite:///mlflow.db", "--artifacts-destination", "./artifacts"]
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=environment, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(600):
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=1):
                    return
            except OSError:
                time.sleep(0.2)
        raise TimeoutError("the MLflow server did not start")

    def kill(self) -> None:
        """Kill it and its workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Iterator[Server]:
    """A server for all tests here: it takes long to start."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copyfile(empty_database, folder / "mlflow.db")
    server = Server(folder)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def server(repository: Path, running: Server, monkeypatch: pytest.MonkeyPatch) -> Server:
    """The server that this process logs to."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", running.uri)
    return running


def _steps(run_id: str) -> list[int]:
    from mlflow import MlflowClient

    client: Any = MlflowClient(tracking.tracking_uri())
    return [point.step for point in client.get_metric_history(run_id, "train/loss")]


def test_a_server_that_comes_back_gets_everything_and_training_waits_for_nothing(server: Server, repository: Path) -> None:
    (repository / "history.csv").write_text("step,loss\n")
    waited = 0.0
    with tracking.child_run("full", 0) as run:
        for step in range(60):
            if step == 20:
                time.sleep(2.0)  # so that something was sent before
                server.kill()
            if step == 50:
                server.start()
            begun = time.monotonic()
            run.log_step(step, {"train/loss": 1.0})
            if step % 20 == 19:
                run.log_artifact(repository / "history.csv", f"at-{step}")
            waited += time.monotonic() - begun
            time.sleep(0.05)
        time.sleep(6.0)  # a training goes on; the sender tries again every five seconds
    assert waited < 1.0
    assert _steps(run.run_id) == list(range(60))


def test_a_server_that_never_comes_back_costs_seconds_and_one_command_sends_later(
    server: Server, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = 0.0
    with tracking.child_run("full", 0) as run:
        run.log_step(0, {"train/loss": 1.0})
        server.kill()
        begun = time.monotonic()
        for step in range(1, 50):
            run.log_step(step, {"train/loss": 1.0})
    assert time.monotonic() - begun < 5.0
    assert "`tsernet send-metrics` sends it" in capsys.readouterr().err
    assert (repository / ".tsernet" / "spool" / run.run_id / "records.jsonl").is_file()
    server.start()
    build_app()(["send-metrics"], standalone_mode=False)
    assert "records of 1 runs" in capsys.readouterr().out
    assert _steps(run.run_id) == list(range(50))
    assert not (repository / ".tsernet" / "spool" / run.run_id).exists()
    from mlflow import MlflowClient

    assert MlflowClient(server.uri).get_run(run.run_id).info.status == "FINISHED"
