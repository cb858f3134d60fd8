"""The processes of `tsernet up`: each under a guard, so that none outlives the command."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

from pipelines.loopback import around_proxies
from pipelines.model_resolver import CHAMPION
from pipelines.services.guard_command import guarded_command
from pipelines.services.process_marks import SERVICE, end_marked_processes
from tsernet.errors import CheckError
from tsernet.locks import lock_folder

HOST = "127.0.0.1"
# A worker takes a moment to end its flow runs, and each of those its stage.
_GRACE_SECONDS = 15.0
# A service that has been killed is started again; one that cannot stand is not, for ever.
_MOST_FALLS, _FALLS_COUNT_SECONDS = 3, 600.0


class AddressTakenError(CheckError):
    """A service has not got its address, for another process listens there by now."""


class Service:
    """A process that serves until it is stopped, its output in a file.

    Args:
        name: For messages, and for the log file.
        command: The program and its arguments.
        folder: Its working directory.
        environment: All of its environment.
        logs: The folder of the log file.
        health: The address that answers once it serves; empty if there is none.
    """

    def __init__(
        self, name: str, command: Sequence[str], folder: Path, environment: Mapping[str, str], logs: Path, health: str = ""
    ) -> None:
        self.name, self.log = name, logs / f"{name.replace(' ', '-').lower()}.log"
        self._command, self._folder, self._environment, self._health = list(command), folder, dict(environment), health
        self._falls: list[float] = []
        logs.mkdir(parents=True, exist_ok=True)
        self._process = self._start()

    def restart(self) -> None:
        """Start it again after it has ended by itself.

        Raises:
            CheckError: If it does so again and again; the message names the log.
        """
        self.stop()  # which closes the pipe to its guard, and waits for what a killed one has left
        now = time.monotonic()
        self._falls = [fall for fall in self._falls if now - fall < _FALLS_COUNT_SECONDS] + [now]
        if len(self._falls) > _MOST_FALLS:
            raise CheckError(f"the {self.name} ends again and again; its log is {self.log}")
        self._process = self._start()

    def wait_until_healthy(self, seconds: float) -> None:
        """Wait until it serves, and not another one at its address.

        Raises:
            AddressTakenError: If another one answers there.
            CheckError: If the process ends or the time is over; the message names the log.
        """
        deadline = time.monotonic() + seconds
        while self._health and not (self._listens() and answers(self._health)):
            if not self.lives() or time.monotonic() > deadline:
                if answers(self._health):
                    raise AddressTakenError(f"the address of the {self.name}, {self._health}, has gone to another process")
                raise CheckError(f"the {self.name} does not answer at {self._health}; its log is {self.log}")
            time.sleep(0.3)

    def lives(self) -> bool:
        """Say whether the process is still there."""
        return self._process.poll() is None

    def _listens(self) -> bool:
        """Say whether a process of this service has its port: two that start at once choose the same, and only one gets it."""
        port = urlsplit(self._health).port
        with suppress(psutil.NoSuchProcess):
            guard = psutil.Process(self._process.pid)
            for process in (guard, *guard.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    if any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in process.net_connections("inet")):
                        return True
        return False

    def stop(self) -> None:
        """End the process and all that it has started."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE_SECONDS + 5)
        if self.lives():
            self._process.kill()
            self._process.wait()
        # Nothing is left, unless the guard was killed: then its warden is ending the service at this moment.
        end_marked_processes(SERVICE, self._mark, _GRACE_SECONDS + 5)

    def _start(self) -> subprocess.Popen[bytes]:
        self._mark = f"{self.name} {uuid.uuid4()}"
        with self.log.open("ab") as stream:
            return subprocess.Popen(
                guarded_command(self._command, _GRACE_SECONDS),
                cwd=self._folder,
                env=self._environment | {SERVICE: self._mark},
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def answers(address: str) -> bool:
    """Say whether an HTTP address answers with success."""
    try:
        return httpx.get(address, timeout=3, verify=_certificates()).is_success
    except httpx.HTTPError:
        return False


@cache
def _certificates() -> ssl.SSLContext:
    """Read the certificates of all authorities once: twenty times the work of a question, and a service is asked until it answers."""
    return httpx.create_ssl_context()


def free_port(usual: int) -> int:
    """Give the usual port of loopback, or any free one if it is taken."""
    for port in (usual, 0):
        with socket.socket() as probe:
            # As servers do: a port whose last connection is still fading counts as free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise CheckError(f"no free port on {HOST}")


def mlflow_command(port: int, database: str, artifacts: Path) -> list[str]:
    """Spell the MLflow server that keeps its records where plain `dvc repro` does, so that either reads the other's."""
    serve = ["server", "--host", HOST, "--port", str(port), "--workers", "1"]
    # Not served through the server: an artifact's address must also hold when there is none.
    store = ["--backend-store-uri", database, "--no-serve-artifacts", "--default-artifact-root", artifacts.as_uri()]
    return [sys.executable, "-m", "mlflow", *serve, *store]


def prefect_command(port: int) -> list[str]:
    """Spell the Prefect server, with its Host check."""
    return [sys.executable, "-m", "uvicorn", "--factory", "pipelines.services.server:create_app", "--host", HOST, "--port", str(port)]


def worker_command() -> list[str]:
    """Spell the worker."""
    return [sys.executable, "-m", "prefect", "worker", "start", "--pool", "tsernet", "--type", "process"]


def page_command(port: int) -> list[str]:
    """Spell the service that inspects images."""
    return [sys.executable, "-m", "pipelines.cli", "serve", "--host", HOST, "--port", str(port), "--model", CHAMPION]


def service_environment(repository: Path) -> dict[str, str]:
    """Make the environment of the servers: no telemetry, no proxy to loopback, and what the person's own environment overrules.

    That is where Prefect keeps its files, and MLflow's job runner: eight processes, more than half of all memory, that nothing here uses.
    """
    defaults = {
        "TSERNET_LOCKS": str(lock_folder()),  # the machine's, though each service has a temporary folder of its own
        "PREFECT_HOME": str(repository / ".tsernet" / "prefect"),
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    return {**defaults, **os.environ, **around_proxies(os.environ)} | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "1",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",  # why: prefect.toml
    }
