"""`tsernet up` and `tsernet doctor`: the real servers, in one command, gone with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from servers import wait_for
from standin import ROOT, make_repository
from upped import Up, running_up

from pipelines.flows.services import Service, answers
from tsernet.errors import CheckError

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Start it in a stand-in repository."""
    with running_up(make_repository(tmp_path_factory.mktemp("up") / "repository"), ROOT) as running:
        yield running


def test_the_doctor_finds_everything(up: Up) -> None:
    wait_for(lambda: up.doctor()[0] == 0, 60, "a clean bill of health")
    _, findings = up.doctor()

    assert {"repository", "DVC", "MLflow", "Prefect server", "work pool", "worker", "limit gpu", "deployment retrain/default"} <= set(
        findings
    )


def test_a_foreign_host_is_refused(up: Up) -> None:
    for address, refusal in ((f"{up.prefect}/api/health", 400), (f"{up.mlflow}/", 403)):
        assert httpx.get(address).status_code == 200
        assert httpx.get(address, headers={"Host": "evil.example"}).status_code == refusal


def test_everything_listens_on_loopback_alone(up: Up) -> None:
    family = [psutil.Process(up.process.pid), *psutil.Process(up.process.pid).children(recursive=True)]
    listening = {c.laddr.ip for process in family for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}


def test_without_a_server_the_doctor_says_what_mends_it(up: Up) -> None:
    environment = up.environment | {"PREFECT_API_URL": "http://127.0.0.1:9/api"}
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "doctor"], cwd=up.repository, env=environment, capture_output=True, text=True
    )

    assert done.returncode == 1
    assert "missing  Prefect server: http://127.0.0.1:9/api does not answer" in done.stdout
    assert "mend: tsernet up" in done.stdout
    assert len(done.stderr.splitlines()) == 1


def test_a_killed_server_is_started_again_at_its_address(up: Up) -> None:
    (killed,) = up.serving(up.mlflow)
    killed.kill()

    wait_for(lambda: up.serving(up.mlflow) and answers(f"{up.mlflow}/health"), 60, "the MLflow server again")

    assert killed not in up.serving(up.mlflow)
    log = up.repository / ".tsernet/logs/mlflow-server.log"
    assert f"up: the MLflow server has ended, and is started again; its log is {log}" in up.told.read_text().splitlines()
    assert up.process.poll() is None


def test_a_service_that_cannot_stand_is_given_up_and_its_log_named(tmp_path: Path) -> None:
    service = Service("lame service", [sys.executable, "-S", "-c", "print('no leg')"], tmp_path, os.environ, tmp_path)

    def look_after() -> None:
        for _ in range(10):
            wait_for(lambda: not service.lives(), 20, "its end")
            service.restart()

    with pytest.raises(CheckError, match=r"^the lame service ends again and again; its log is .*/lame-service\.log$"):
        look_after()
    assert set(service.log.read_text().splitlines()) == {"no leg"}


def test_ctrl_c_ends_everything(up: Up) -> None:
    family = psutil.Process(up.process.pid).children(recursive=True)
    assert len(family) >= 6  # three services, each with its guard

    started = time.monotonic()
    os.kill(up.process.pid, signal.SIGINT)

    assert up.process.wait(60) == 0
    assert not [process for process in family if process.is_running() and process.status() != psutil.STATUS_ZOMBIE]
    assert time.monotonic() - started < 60
