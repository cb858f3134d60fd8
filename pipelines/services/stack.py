"""The whole plant on one machine: MLflow, Prefect, pool, limit, deployments, worker."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from filelock import FileLock, Timeout

from pipelines.flows.stage_process import run_command
from pipelines.flows.workspace.orphans import clean_orphans
from pipelines.services.names import LIMIT, MISSING, PAGE_PORT
from pipelines.services.process_marks import UP, end_marked_processes, sweep_scratch
from pipelines.services.service import (
    HOST,
    AddressTakenError,
    Service,
    free_port,
    mlflow_command,
    page_command,
    prefect_command,
    service_environment,
    worker_command,
)
from pipelines.tracking.database import is_database_missing
from pipelines.tracking.rerooting import follow_move
from tsernet.errors import UserError

_PATIENCE_SECONDS = 120.0
MLFLOW_PORT, PREFECT_PORT = 5000, 4200
_WORKER, _PAGE = "worker", "inspection page"


@dataclass(frozen=True)
class Addresses:
    """Where the pages are; the inspection's is empty where it was not wanted."""

    mlflow: str
    prefect: str
    inspect: str = ""

    @property
    def api(self) -> str:
        """What PREFECT_API_URL must be."""
        return f"{self.prefect}/api"


class Stack:
    """Starts everything, and ends everything it started.

    Args:
        repository: The repository that the runs work for.
        slots: Trainings at once; None for what the limit on the server says, one where there is none yet.
        report: Called with a line on what is being done.
        page: Port of the inspection page; 0 for none. Another port is taken where that is.
    """

    def __init__(self, repository: Path, slots: int | None, report: Callable[[str], None], page: int = PAGE_PORT) -> None:
        self._repository, self._report, self._page = repository, report, page
        self._services: list[Service] = []
        self._environment = service_environment(repository) | {UP: str(repository)}
        if slots is not None:
            self._environment["TSERNET_SLOTS"] = str(slots)
        local = repository / ".tsernet"
        self._logs, self._lock = local / "logs", FileLock(local / "up.lock")

    def start(self) -> Addresses:
        """Start the servers, make what they need, then start the worker.

        Raises:
            CheckError: If one of them does not come up.
            UserError: If another `tsernet up` serves the repository.
        """
        self._claim()
        addresses = self._start_servers()
        self._environment |= {"PREFECT_API_URL": addresses.api, "MLFLOW_TRACKING_URI": addresses.mlflow}
        self._report("work pool, limit and deployments")
        # Deploying writes schedules and parameters anew, and so undoes what a person chose in the page: only what is missing is deployed.
        told = self._run(sys.executable, "-m", "pipelines.services.provision")
        if missing := [line.removeprefix(MISSING) for line in told if line.startswith(MISSING)]:
            self._run(sys.executable, "-m", "prefect", "--no-prompt", "deploy", *(f"--name={name}" for name in missing))
        self._environment = _devices(addresses.api) | self._environment
        self._clean()
        self._report("worker")
        self._add(_WORKER, worker_command())
        return addresses

    def supervise(self) -> None:
        """Start what has ended by itself again, the servers first: a worker without them would end too.

        Raises:
            CheckError: If one of them cannot stand.
        """
        for service in self._services:
            if not service.lives():
                self._report(f"the {service.name} has ended, and is started again; its log is {service.log}")
                if service.name == _WORKER:
                    self._clean()
                service.restart()
                service.wait_until_healthy(_PATIENCE_SECONDS)

    def stop(self) -> None:
        """End all, the worker first: it still needs the servers to report its runs' ends."""
        for service in reversed(self._services):
            service.stop()
        self._services.clear()
        self._lock.release()

    def _claim(self) -> None:
        """Have the repository for oneself: two servers on one database disturb each other."""
        self._logs.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"another tsernet up serves {self._repository}; use that one, or end it first") from None
        if left := end_marked_processes(UP, str(self._repository), 0.0):
            self._report(f"ended what an earlier one had left: {len(left)} processes")
        sweep_scratch()

    def _start_servers(self) -> Addresses:
        """Start them side by side; one whose port goes to another `tsernet up`, begun at the same moment, gets another port."""
        found = []
        for start, started in [(start, start()) for start in (self._start_mlflow, self._start_prefect, self._start_page)]:
            address, service = started
            while service is not None:
                try:
                    service.wait_until_healthy(_PATIENCE_SECONDS)
                    break
                except AddressTakenError as error:
                    self._report(f"{error}; it gets a new one")
                    self._services.remove(service)
                    service.stop()
                    address, service = start()
            found.append(address)
        return Addresses(*found)

    def _start_mlflow(self) -> tuple[str, Service | None]:
        given = os.environ.get("MLFLOW_TRACKING_URI", "")
        if given.startswith(("http://", "https://")):
            return given, None
        self._report("MLflow server")
        port = free_port(MLFLOW_PORT)
        database = given or f"sqlite:///{self._repository / 'mlflow.db'}"
        if not given:
            follow_move(self._repository)
        if is_database_missing(database):
            # Whole, or not at all; in a process of its own, for MLflow's import is 130 MB that would stay.
            make = "from pipelines.tracking.server import make_client; make_client()"
            self._run(sys.executable, "-c", make, MLFLOW_TRACKING_URI=database)
        command = mlflow_command(port, database, self._repository / "mlartifacts")
        return f"http://{HOST}:{port}", self._add("MLflow server", command, f"http://{HOST}:{port}/health")

    def _start_prefect(self) -> tuple[str, Service | None]:
        self._report("Prefect server")
        port = free_port(PREFECT_PORT)
        # The page's own scripts ask this address.
        self._environment |= {"PREFECT_API_URL": f"http://{HOST}:{port}/api", "PREFECT_UI_API_URL": f"http://{HOST}:{port}/api"}
        return f"http://{HOST}:{port}", self._add("Prefect server", prefect_command(port), f"http://{HOST}:{port}/api/health")

    def _start_page(self) -> tuple[str, Service | None]:
        """Start the inspection page; a local database it reads itself, without MLflow's import, which is half of its memory."""
        if not self._page:
            return "", None
        self._report("inspection page")
        port = free_port(self._page)
        return f"http://{HOST}:{port}", self._add(_PAGE, page_command(port), f"http://{HOST}:{port}/health")

    def _add(self, name: str, command: list[str], health: str = "") -> Service:
        service = Service(name, command, self._repository, self._environment, self._logs, health)
        self._services.append(service)
        return service

    def _clean(self) -> None:
        for run_id in clean_orphans(self._repository):
            self._report(f"cleared up what flow run {run_id} had left")

    def _run(self, *command: str, **environment: str) -> list[str]:
        """Run a command to its end; give the lines that it printed."""
        lines: list[str] = []
        run_command(command, self._repository, self._environment | environment, lines.append)
        return lines


def _devices(api: str) -> dict[str, str]:
    """Name a GPU for each slot of the limit; the environment, which may name others, overrules it."""
    slots = httpx.get(f"{api}/v2/concurrency_limits/{LIMIT}", timeout=30).raise_for_status().json()["limit"]
    return {"CUDA_VISIBLE_DEVICES": ",".join(str(number) for number in range(slots))} if slots > 1 else {}
