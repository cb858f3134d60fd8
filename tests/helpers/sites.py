"""A stand-in repository with everything that serves it, as tests use it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from servers import Prefect, wait_for
from standin import read_journal

PASSWORD = "correct-horse"  # in the worker's environment; the stages print it


@dataclass
class Site:
    """A stand-in repository with the server, the worker and the deployment that serve it."""

    prefect: Prefect
    repository: Path
    journal: Path
    pause: Path
    worker: subprocess.Popen[bytes] | None = None
    deployment: str = ""

    def start_worker(self) -> None:
        """Start the worker as the README says."""
        environment = {"STANDIN_JOURNAL": str(self.journal), "STANDIN_PAUSE": str(self.pause), "CUDA_VISIBLE_DEVICES": "3,7"}
        environment |= {"STANDIN_PASSWORD": PASSWORD}
        arguments = ("worker", "start", "--pool", "tsernet", "--type", "process")
        self.worker = self.prefect.spawn(*arguments, folder=self.repository, log="worker.log", **environment)
        wait_for(lambda: self.prefect.get("/work_pools/tsernet").status_code == 200, 120, "the work pool")

    def trigger(self, **settings: object) -> str:
        """Start a run by REST and return its id."""
        answer = self.prefect.post(f"/deployments/{self.deployment}/create_flow_run", parameters={"settings": settings})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    @contextmanager
    def halted_in(self, stage: str, **settings: object) -> Iterator[tuple[str, psutil.Process]]:
        """Start a run and hold it in a stage; give its id and the first process of the stage that came so far."""
        hold, note = self.pause / stage, self._halted_note(stage)
        note.unlink(missing_ok=True)
        hold.touch()
        try:
            run_id = self.trigger(**{"variants": ["full"], "iterations": new_iterations()} | settings)
            wait_for(lambda: self.halted(stage), 90, f"the stage {stage}")
            yield run_id, psutil.Process(self.halted(stage)[0])
        finally:
            hold.unlink(missing_ok=True)

    def halted(self, stage: str) -> list[int]:
        """List the processes that have come to the hold of a stage, in order."""
        note = self._halted_note(stage)
        return [int(line) for line in note.read_text(encoding="utf-8").splitlines()] if note.exists() else []

    def flow_process(self, run_id: str) -> psutil.Process:
        """Find the process of a flow run."""
        found = [process for process in psutil.process_iter(["environ"]) if self._is_flow(process, run_id)]
        return min(found, key=lambda process: process.create_time())

    def slots_taken(self) -> int:
        """Count the taken slots of the limit `gpu`."""
        return int(self.prefect.get("/v2/concurrency_limits/gpu").json()["active_slots"])

    def set_slots(self, count: int) -> None:
        """Set the limit `gpu`, as `prefect gcl update` does after seconds of imports."""
        self.prefect.patch("/v2/concurrency_limits/gpu", limit=count)

    def workspaces(self) -> list[str]:
        """List what is left of flow runs in the repository."""
        return sorted(path.name for path in (self.repository / ".tsernet/workspaces").glob("*"))

    def stages_of(self, run_id: str) -> list[str]:
        """List the stages that a run has brought to an end."""
        return [str(note["stage"]) for note in read_journal(self.journal) if note["TSERNET_EXECUTION"] == run_id]

    def _halted_note(self, stage: str) -> Path:
        return self.pause / f"{stage}.pids"

    @staticmethod
    def _is_flow(process: psutil.Process, run_id: str) -> bool:
        return (process.info["environ"] or {}).get("PREFECT__FLOW_RUN_ID") == run_id


def new_iterations() -> int:
    """Choose a number that no run had yet, so that DVC's run cache does not know the result."""
    return time.time_ns() % 1_000_000 + 1000
