"""Real Prefect servers and workers for the tests: on loopback, on free ports, with a home of their own, ended with the test."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
from standin import ROOT

AUDIT = Path(__file__).with_name("audit")
# Made once: by default every call reads the certificates of all authorities anew, twenty times the work of asking.
TLS = ssl.create_default_context()


def audited(notes: Path, code: Path = ROOT) -> dict[str, str]:
    """Make the environment in which every Python process notes what it calls outside this machine.

    Args:
        notes: The file, made with the first such call.
        code: Where the package is imported from.
    """
    path = filter(None, [str(AUDIT), str(code), os.environ.get("PYTHONPATH")])
    return {"PYTHONPATH": os.pathsep.join(path), "TSERNET_TEST_AUDIT": str(notes)}


def calls_outside(notes: Path) -> list[str]:
    """List the calls that left this machine, one a line.

    Not counted: when a pool of another type is made by hand, Prefect's server reads the public list of those types. It tells nothing.
    """
    lines = notes.read_text(encoding="utf-8").splitlines() if notes.exists() else []
    return [line for line in lines if "raw.githubusercontent.com" not in line]


class PrefectApi:
    """A Prefect server as one asks it.

    Args:
        api: Its address, with /api.
    """

    def __init__(self, api: str) -> None:
        self.api = api

    def post(self, path: str, **body: object) -> httpx.Response:
        """Ask the API."""
        return self._ask("POST", path, body)

    def get(self, path: str) -> httpx.Response:
        """Read from the API."""
        return self._ask("GET", path)

    def patch(self, path: str, **changes: object) -> None:
        """Change something by the call that the page makes."""
        self._ask("PATCH", path, changes).raise_for_status()

    def add_schedule(self, deployment: str, seconds: int) -> None:
        """Turn on a schedule that starts a deployment every so many seconds."""
        schedule = {"schedule": {"interval": seconds}, "active": True}
        self._ask("POST", f"/deployments/{deployment}/schedules", [schedule]).raise_for_status()

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Ask, again where its sqlite is busy (503), as Prefect's own client does."""
        deadline = time.monotonic() + 60
        while True:
            answer = httpx.request(method, f"{self.api}{path}", json=body, timeout=30, verify=TLS)
            if answer.status_code != 503 or time.monotonic() > deadline:
                return answer
            time.sleep(1)

    def wait_for_end(self, run_id: str, seconds: float = 120) -> str:
        """Wait until a run is in a final state and name it."""
        final = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
        wait_for(lambda: self.get(f"/flow_runs/{run_id}").json()["state_type"] in final, seconds, f"the end of run {run_id}", every=1)
        return str(self.get(f"/flow_runs/{run_id}").json()["state_type"])

    def tasks_of(self, run_id: str) -> list[str]:
        """Name a run's tasks in the order of their start."""
        tasks = self.post("/task_runs/filter", flow_runs={"id": {"any_": [run_id]}}).json()
        return [task["name"] for task in sorted(tasks, key=lambda task: task["start_time"])]

    def logs_of(self, run_id: str) -> str:
        """Gather a run's log."""
        found = self.post("/logs/filter", logs={"flow_run_id": {"any_": [run_id]}}, limit=200, sort="TIMESTAMP_ASC").json()
        return "\n".join(line["message"] for line in found)


class Prefect(PrefectApi):
    """A Prefect server and how to reach it.

    Args:
        home: Its own files, and the logs.
        folder: The repository it is started in, whose prefect.toml it reads.
    """

    server: subprocess.Popen[bytes]

    def __init__(self, home: Path, folder: Path) -> None:
        self.home, self.folder, self.port = home, folder, free_port()
        self.calls = home / "calls-outside.txt"
        super().__init__(f"http://127.0.0.1:{self.port}/api")
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")} | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            **audited(self.calls),
            "PREFECT_HOME": str(home),
            "TMPDIR": str(home),  # a worker that is killed here stands under no guard that would clear up after it
            "PREFECT_API_URL": self.api,
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
            "PREFECT_LOGGING_TO_API_BATCH_INTERVAL": "0.5",
            "PREFECT_WORKER_QUERY_SECONDS": "2",
        }

    def start(self) -> None:
        """Start the server and wait until it answers."""
        address = ("--host", "127.0.0.1", "--port", str(self.port))
        self.server = self.spawn("server", "start", *address, folder=self.folder, log="server.log")
        try:
            wait_for(self._healthy, 180, "the Prefect server")
        except BaseException:
            with ended(self.server):
                raise

    def kill(self) -> None:
        """End the server as the kernel does where memory is short."""
        os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

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


def wait_for(happened: object, seconds: float, what: str, every: float = 0.2) -> None:
    """Wait until a condition holds.

    Args:
        happened: Says whether it does.
        seconds: How long to wait.
        what: Names it in the error.
        every: Seconds between two questions.
    Raises:
        AssertionError: If it does not within the given seconds.
    """
    deadline = time.monotonic() + seconds
    while not happened():  # type: ignore[operator]  # any callable
        assert time.monotonic() < deadline, f"{what} did not come within {seconds} s"
        time.sleep(every)


def living(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Choose the processes that still run."""

    def lives(process: psutil.Process) -> bool:
        try:
            return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:  # it has ended between the two
            return False

    return [process for process in processes if lives(process)]


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End a process group with the block."""
    try:
        yield process
    finally:
        for number, patience in ((signal.SIGTERM, 40), (signal.SIGKILL, 5)):  # a busy machine ends a whole stack in twenty
            try:
                os.killpg(process.pid, number)
            except ProcessLookupError:
                break
            try:
                process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
