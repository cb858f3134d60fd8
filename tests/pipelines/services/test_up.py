"""`tsernet up` and `tsernet doctor`: the real servers, in one command, gone with it."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import pytest
from servers import PrefectApi, living, wait_for
from stacks import Up, running_up
from standin import ROOT, make_repository

from pipelines.services.guard import OWNER, SCRATCH
from pipelines.services.names import DRIFTED_EVENT, MONITORED
from pipelines.services.provision import RETRAIN_ON_DRIFT, REVIEW_ON_DRIFT, SILENT_RUNS
from pipelines.services.service import AddressTakenError, Service, answers
from tsernet.errors import CheckError, UserError

pytestmark = [pytest.mark.slow, pytest.mark.long]
PROXY = {"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "NO_PROXY": "", "no_proxy": ""}  # nothing listens there


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Start it in a stand-in repository, behind a proxy that nobody has exempted loopback from."""
    with running_up(make_repository(tmp_path_factory.mktemp("up") / "repository"), ROOT, **PROXY) as running:
        yield running


def test_the_doctor_finds_everything(up: Up) -> None:
    wait_for(lambda: up.api.post("/work_pools/tsernet/workers/filter").json(), 60, "the worker")
    code, findings = up.doctor()

    disk = findings.pop("disk")  # of the machine that the tests run on, and that of a small CI machine is nearly full
    assert all(finding["good"] for finding in findings.values()), findings
    assert code == (0 if disk["good"] else 1), disk

    rules = {rule["name"]: rule["enabled"] for rule in up.api.post("/automations/filter").json()}
    assert rules == {SILENT_RUNS: True, RETRAIN_ON_DRIFT: False, REVIEW_ON_DRIFT: False}
    assert {"repository", "DVC", "MLflow", "Prefect server", "work pool", "worker", "limit gpu", "deployment retrain/default"} <= set(
        findings
    )


def test_a_schedule_that_is_turned_on_plans_runs(up: Up) -> None:
    deployment = up.api.get("/deployments/name/watch/watch").json()
    (schedule,) = deployment["schedules"]
    address = f"/deployments/{deployment['id']}/schedules/{schedule['id']}"
    up.api.patch(address, active=True)

    def planned() -> list[str]:
        found = up.api.post("/flow_runs/filter", flow_runs={"deployment_id": {"any_": [deployment["id"]]}}).json()
        return [run["state_name"] for run in found]

    wait_for(planned, 60, "planned runs")
    assert set(planned()) == {"Scheduled"}
    up.api.patch(address, active=False)
    wait_for(lambda: not planned(), 60, "the plan's end")


def test_an_alarm_starts_what_a_rule_names(up: Up) -> None:
    (rule,) = [one for one in up.api.post("/automations/filter").json() if one["name"] == REVIEW_ON_DRIFT]
    deployment = up.api.get("/deployments/name/review/review").json()
    up.api.patch("/work_pools/tsernet", is_paused=True)  # the run that is made is of no interest
    up.api.patch(f"/automations/{rule['id']}", enabled=True)

    def made() -> list[str]:
        found = up.api.post("/flow_runs/filter", flow_runs={"deployment_id": {"any_": [deployment["id"]]}}).json()
        return [run["id"] for run in found]

    event: dict[str, Any] = {
        "id": str(uuid4()),
        "occurred": datetime.now(UTC).isoformat(),
        "event": DRIFTED_EVENT,
        "payload": {},
        "related": [],
    }
    event["resource"] = {"prefect.resource.id": f"{MONITORED}tsernet", "prefect.resource.name": "tsernet"}
    assert httpx.post(f"{up.prefect}/api/events", json=[event]).is_success
    wait_for(made, 30, "the run that the rule starts")
    for run in made():
        assert httpx.delete(f"{up.prefect}/api/flow_runs/{run}").is_success
    up.api.patch(f"/automations/{rule['id']}", enabled=False)
    up.api.patch("/work_pools/tsernet", is_paused=False)


def test_a_foreign_host_is_refused(up: Up) -> None:
    for address, refusal in ((f"{up.prefect}/api/health", 400), (f"{up.mlflow}/", 403), (f"{up.inspect}/health", 421)):
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

    def supervise() -> None:
        for _ in range(10):
            wait_for(lambda: not service.lives(), 20, "its end")
            service.restart()

    with pytest.raises(CheckError, match=r"^the lame service ends again and again; its log is .*/lame-service\.log$"):
        supervise()
    assert set(service.log.read_text().splitlines()) == {"no leg"}


def test_another_ones_answer_is_not_taken_for_the_services_own(tmp_path: Path) -> None:
    """Two repositories whose `tsernet up` start at once would else share one MLflow server, that of the faster."""
    with http.server.HTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, args=(0.05,), daemon=True).start()
        address = f"http://127.0.0.1:{other.server_port}/"
        slow = [sys.executable, "-S", "-c", "import time; time.sleep(1)"]
        service = Service("slow service", slow, tmp_path, os.environ, tmp_path, address)
        with pytest.raises(AddressTakenError, match=r"^the address of the slow service, http.*, has gone to another process$"):
            service.wait_until_healthy(20)
        service.stop()
        other.shutdown()


def test_mlflows_job_runner_is_not_there(up: Up) -> None:
    family = psutil.Process(up.process.pid).children(recursive=True)
    assert not [
        process for process in family if "huey" in " ".join(process.cmdline()) or "mlflow.server.jobs" in " ".join(process.cmdline())
    ]


def test_a_second_one_for_the_same_repository_is_refused(up: Up) -> None:
    from pipelines.services.stack import Stack  # and Prefect with it

    with pytest.raises(UserError, match=f"^another tsernet up serves {up.repository}; use that one, or end it first$"):
        Stack(up.repository, None, print).start()


def test_what_was_chosen_in_the_page_outlives_a_kill_and_what_the_kill_left_does_not(up: Up) -> None:
    """All at once, as where memory is short: up, and the guard and warden of its MLflow server."""
    choose(up.api)
    chosen = choices(up.api)
    (server,) = up.serving(up.mlflow)
    parent, *above = server.parents()
    rest = [process for process in psutil.Process(up.process.pid).children(recursive=True) if process not in (server, parent)]
    for process in (psutil.Process(up.process.pid), *above[:2]):
        process.kill()
    up.process.wait()
    wait_for(lambda: not living(rest), 40, "the end of all but the MLflow server and its parent, which may outlast them")

    with running_up(up.repository, ROOT, **PROXY) as again:
        assert not living([server])
        owners = Path(tempfile.gettempdir()).glob(f"{SCRATCH}*/{OWNER}")
        assert all(psutil.pid_exists(int(owner.read_text())) for owner in owners)
        assert choices(again.api) == chosen
        ends_by_ctrl_c(again)


def choose(api: PrefectApi) -> None:
    """Change in the page whatever it offers: a schedule, defaults, a paused pool, limits, a rule."""
    found = api.get("/deployments/name/retrain/default").json()
    schedule = found["schedules"][0]["id"]
    cron = {"cron": "15 3 * * *", "timezone": "Europe/Vienna"}
    api.patch(f"/deployments/{found['id']}/schedules/{schedule}", active=True, schedule=cron)
    api.patch(f"/deployments/{found['id']}", parameters={"settings": {"iterations": 77}}, concurrency_limit=3, tags=["night"])
    api.patch("/work_pools/tsernet", is_paused=True, concurrency_limit=5)
    api.patch("/v2/concurrency_limits/gpu", limit=2)
    for rule in api.post("/automations/filter").json():
        api.patch(f"/automations/{rule['id']}", enabled=not rule["enabled"])


def choices(api: PrefectApi) -> dict[str, object]:
    """Read what `choose` may have changed."""
    found = api.get("/deployments/name/retrain/default").json()
    (schedule,) = found["schedules"]
    pool = api.get("/work_pools/tsernet").json()
    return {
        "schedule": (schedule["active"], schedule["schedule"]["cron"], schedule["schedule"]["timezone"]),
        "deployment": (found["parameters"], found["global_concurrency_limit"]["limit"], found["tags"]),
        "pool": (pool["is_paused"], pool["concurrency_limit"]),
        "slots": api.get("/v2/concurrency_limits/gpu").json()["limit"],
        "rules": {rule["name"]: rule["enabled"] for rule in api.post("/automations/filter").json()},
    }


def ends_by_ctrl_c(up: Up) -> None:
    """Press it, and look that all is gone in time."""
    family: list[psutil.Process] = []

    def is_whole() -> bool:
        family[:] = psutil.Process(up.process.pid).children(recursive=True)
        return len(family) >= 12  # four services, each with its guard and warden

    wait_for(is_whole, 40, "the last service, whose processes begin one after the other while the addresses stand already")

    started = time.monotonic()
    os.kill(up.process.pid, signal.SIGINT)

    assert up.process.wait(60) == 0
    assert not living(family)
    assert time.monotonic() - started < 60
