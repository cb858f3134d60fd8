"""A real MLflow server on a real PostgreSQL and an S3-compatible store: runs, files, promotions."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pipelines import tracking
from pipelines.registry import CHAMPION, Registry, promote, rollback

pytestmark = [pytest.mark.slow, pytest.mark.long]
DATABASES = Path(__file__).parents[3] / "docs/site/databases.sql"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@contextmanager
def _process(command: list[str], folder: Path, environment: dict[str, str], url: str) -> Iterator[None]:
    """Run a server until the end of the block; yield when it answers."""
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, stdout=log, stderr=log)
    try:
        for _ in range(600):
            assert process.poll() is None, (folder / "log").read_text()[-2000:]
            try:
                with urllib.request.urlopen(url, timeout=1):
                    break
            except OSError:
                time.sleep(0.2)
        yield
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextmanager
def _postgresql() -> Iterator[str]:
    """Start Debian's PostgreSQL on a free port with an empty database; it refuses to run as root, so it runs as its own user."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not binaries:
        pytest.skip("PostgreSQL is not installed (apt-get install postgresql)")
    as_owner = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    port = _free_port()
    with tempfile.TemporaryDirectory(prefix="tsernet-pg-", dir="/tmp") as name:
        folder = Path(name)
        if as_owner:
            shutil.chown(folder, "postgres")
        data, tools = str(folder / "data"), binaries[-1].parent

        def run(tool: str, *arguments: str, given: bytes | None = None) -> None:
            command = [*as_owner, str(tools / tool), *arguments]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120, input=given)

        run("initdb", "-D", data, "-A", "trust", "-U", "mlflow", "--no-sync")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -k {folder} -c fsync=off"
        run("pg_ctl", "-D", data, "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            # As the image of PostgreSQL in docs/site/compose.yaml makes its databases.
            words = ("-h", "127.0.0.1", "-p", str(port), "-U", "mlflow", "-v", "ON_ERROR_STOP=1", "postgres")
            run("psql", *words, given=DATABASES.read_bytes())
            yield f"postgresql+psycopg2://mlflow@127.0.0.1:{port}/mlflow"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


@pytest.fixture
def server(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An MLflow server with both stores, that this process logs to."""
    pytest.importorskip("moto.server")
    store, port = _free_port(), _free_port()
    environment = os.environ | {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{store}",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    with ExitStack() as stack:
        database = stack.enter_context(_postgresql())
        moto = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(store)]
        stack.enter_context(_process(moto, repository, environment, f"http://127.0.0.1:{store}/"))
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{store}/tsernet", method="PUT"), timeout=30).close()
        mlflow = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        mlflow += ["--backend-store-uri", database, "--artifacts-destination", "s3://tsernet"]
        uri = f"http://127.0.0.1:{port}"
        stack.enter_context(_process(mlflow, repository, environment, f"{uri}/health"))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        yield uri


def test_runs_files_and_promotions(server: str, repository: Path, bare_versions: Callable[[int], None]) -> None:
    from mlflow import MlflowClient

    (repository / "history.csv").write_text("step,loss\n")
    with tracking.child_run("full", 0) as run:
        for step in range(100):
            run.log_step(step, {"train/loss": 1.0 / (step + 1)})
        run.log_artifact(repository / "history.csv")
    client = MlflowClient(server)
    assert len(client.get_metric_history(run.run_id, "train/loss")) == 100
    assert client.get_run(run.run_id).info.artifact_uri.startswith("mlflow-artifacts:/")
    (repository / "results").mkdir()
    fetched = client.download_artifacts(run.run_id, "history.csv", str(repository / "results"))
    assert Path(fetched).read_text() == "step,loss\n"

    bare_versions(3)
    registry = Registry()
    for number in ("1", "2", "3"):
        promote(registry, number, "test")
    rollback(registry, "test")
    assert registry.alias(CHAMPION) == "2"
    assert Registry().get("2").aliases == ("champion",)
