"""Real Prefect servers and workers for the tests: on loopback, on free ports, with a home of their own, ended with the test."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from standin import ROOT


class Prefect:
    """A Prefect server and how to reach it."""

    def __init__(self, home: Path) -> None:
        self.home, self.port = home, free_port()
        self.api = f"http://127.0.0.1:{self.port}/api"
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")} | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            "PREFECT_HOME": str(home),
            "PREFECT_API_URL": self.api,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.5",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
            "DO_NOT_TRACK": "1",
        }

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server and wait until it answers."""
        process = self.spawn("server", "start", "--host", "127.0.0.1", "--port", str(self.port), folder=self.home, log="server.log")
        try:
            wait_for(self._healthy, 180, "the Prefect server")
        except BaseException:
            with ended(process):
                raise
        return process

    def spawn(self, *arguments: str, folder: Path, log: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start `prefect …` in a process group of its own."""
        with (self.home / log).open("ab") as stream:
            return subprocess.Popen(
                [sys.executable, "-m", "prefect", *arguments],
                cwd=folder,
                env=self.environment | environment,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, *arguments: str, folder: Path, ok: bool = True) -> str:
        """Run `prefect …` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "prefect", "--no-prompt", *arguments], cwd=folder, env=self.environment, capture_output=True, text=True
        )
        assert (done.returncode == 0) == ok, done.stdout + done.stderr
        return done.stdout + done.stderr

    def post(self, path: str, **body: object) -> httpx.Response:
        """Ask the API, again where its sqlite is busy, as Prefect's own client does."""
        deadline = time.monotonic() + 60
        while (answer := httpx.post(f"{self.api}{path}", json=body, timeout=30)).status_code == 503 and time.monotonic() < deadline:
            time.sleep(1)
        return answer

    def get(self, path: str) -> httpx.Response:
        """Read from the API."""
        return httpx.get(f"{self.api}{path}", timeout=30)

    def wait_for_end(self, run_id: str, seconds: float = 120) -> str:
        """Wait until a run is in a final state and name it."""
        final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        wait_for(lambda: self.get(f"/flow_runs/{run_id}").json()["state_type"] in final, seconds, f"the end of run {run_id}")
        return str(self.get(f"/flow_runs/{run_id}").json()["state_type"])

    def tasks_of(self, run_id: str) -> list[str]:
        """Name a run's tasks in the order of their start."""
        tasks = self.post("/task_runs/filter", flow_runs={"id": {"any_": [run_id]}}).json()
        return [task["name"] for task in sorted(tasks, key=lambda task: task["start_time"])]

    def logs_of(self, run_id: str) -> str:
        """Gather a run's log."""
        found = self.post("/logs/filter", logs={"flow_run_id": {"any_": [run_id]}}, limit=200, sort="TIMESTAMP_ASC").json()
        return "\n".join(line["message"] for line in found)

    def _healthy(self) -> bool:
        try:
            return self.get("/health").status_code == 200
        except httpx.TransportError:
            return False


def free_port() -> int:
    """Find a port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(happened: object, seconds: float, what: str) -> None:
    """Wait until a condition holds.

    Raises:
        AssertionError: If it does not within the given seconds.
    """
    deadline = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]  # any callable
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(0.2)


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End a process group with the block."""
    try:
        yield process
    finally:
        for number, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                break
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
