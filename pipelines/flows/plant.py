"""The whole plant on one machine: MLflow, Prefect, pool, limit, deployments, worker."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipelines.flows.orphans import clean_orphans
from pipelines.flows.services import HOST, Service, free_port, mlflow_command, prefect_command, quiet_environment, worker_command
from pipelines.tracking.database import is_missing
from pipelines.tracking.server import make_client
from tsernet.errors import CheckError

_PATIENCE_SECONDS = 120.0
MLFLOW_PORT, PREFECT_PORT = 5000, 4200
_WORKER = "worker"


@dataclass(frozen=True)
class Addresses:
    """Where the two pages are."""

    mlflow: str
    prefect: str

    @property
    def api(self) -> str:
        """What PREFECT_API_URL must be."""
        return f"{self.prefect}/api"


class Plant:
    """Starts everything, and ends everything it started.

    Args:
        repository: The repository that the runs work for.
        slots: Trainings at once.
        tell: Called with a line on what is being done.
    """

    def __init__(self, repository: Path, slots: int, tell: Callable[[str], None]) -> None:
        self._repository, self._tell = repository, tell
        self._services: list[Service] = []
        self._environment = _devices(slots) | quiet_environment(repository) | {"TSERNET_SLOTS": str(slots)}
        self._logs = repository / ".tsernet" / "logs"

    def start(self) -> Addresses:
        """Start the servers, make what they need, then start the worker.

        Raises:
            CheckError: If one of them does not come up.
        """
        mlflow, prefect = self._start_mlflow(), self._start_prefect()
        addresses = Addresses(mlflow, prefect)
        for service in self._services:  # which start side by side
            service.wait_until_healthy(_PATIENCE_SECONDS)
        self._environment |= {"PREFECT_API_URL": addresses.api, "MLFLOW_TRACKING_URI": addresses.mlflow}
        self._tell("work pool, limit and deployments")
        self._run(sys.executable, "-m", "pipelines.flows.setup")
        self._run(sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all")
        self._clean()
        self._tell("worker")
        self._add(_WORKER, worker_command())
        return addresses

    def look_after(self) -> None:
        """Start what has ended by itself again, the servers first: a worker without them would end too.

        Raises:
            CheckError: If one of them cannot stand.
        """
        for service in self._services:
            if not service.lives():
                self._tell(f"the {service.name} has ended, and is started again; its log is {service.log}")
                if service.name == _WORKER:
                    self._clean()
                service.restart()
                service.wait_until_healthy(_PATIENCE_SECONDS)

    def stop(self) -> None:
        """End all, the worker first: it still needs the servers to report its runs' ends."""
        for service in reversed(self._services):
            service.stop()
        self._services.clear()

    def _start_mlflow(self) -> str:
        given = os.environ.get("MLFLOW_TRACKING_URI", "")
        if given.startswith(("http://", "https://")):
            return given
        self._tell("MLflow server")
        port = free_port(MLFLOW_PORT)
        database = given or f"sqlite:///{self._repository / 'mlflow.db'}"
        if is_missing(database):
            make_client(database)  # whole, or not at all
        self._add("MLflow server", mlflow_command(port, database, self._repository / "mlartifacts"), f"http://{HOST}:{port}/health")
        return f"http://{HOST}:{port}"

    def _start_prefect(self) -> str:
        self._tell("Prefect server")
        port = free_port(PREFECT_PORT)
        # The page's own scripts ask this address.
        self._environment |= {"PREFECT_API_URL": f"http://{HOST}:{port}/api", "PREFECT_UI_API_URL": f"http://{HOST}:{port}/api"}
        self._add("Prefect server", prefect_command(port), f"http://{HOST}:{port}/api/health")
        return f"http://{HOST}:{port}"

    def _add(self, name: str, command: list[str], health: str = "") -> None:
        self._services.append(Service(name, command, self._repository, self._environment, self._logs, health))

    def _clean(self) -> None:
        for run_id in clean_orphans(self._repository):
            self._tell(f"cleared up what flow run {run_id} had left")

    def _run(self, *command: str) -> None:
        done = subprocess.run(command, cwd=self._repository, env=self._environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise CheckError(f"{' '.join(command[1:])} failed: {' '.join((done.stderr or done.stdout).split())[-400:]}")


def _devices(slots: int) -> dict[str, str]:
    """Name a GPU for each slot; the environment, which may name others, overrules it."""
    return {"CUDA_VISIBLE_DEVICES": ",".join(str(number) for number in range(slots))} if slots > 1 else {}
