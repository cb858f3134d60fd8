"""One Prefect server with one worker and the deployment, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from servers import Prefect, ended, wait_for
from standin import make_repository


@dataclass(frozen=True)
class Plant:
    """A stand-in repository with the server, the worker and the deployment that serve it."""

    prefect: Prefect
    repository: Path
    journal: Path
    pause: Path
    deployment: str

    def trigger(self, **settings: object) -> str:
        """Start a run by REST and return its id."""
        answer = self.prefect.post(f"/deployments/{self.deployment}/create_flow_run", parameters={"settings": settings})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """Start everything as the README says."""
    folder = tmp_path_factory.mktemp("plant")
    repository = make_repository(folder / "repository")
    journal, pause = folder / "journal.jsonl", folder / "pause"
    pause.mkdir()
    (folder / "home").mkdir()
    prefect = Prefect(folder / "home")
    environment = {"STANDIN_JOURNAL": str(journal), "STANDIN_PAUSE": str(pause)}
    with ended(prefect.start()):
        worker = prefect.spawn(
            "worker", "start", "--pool", "tsernet", "--type", "process", folder=repository, log="worker.log", **environment
        )
        with ended(worker):
            wait_for(lambda: prefect.get("/work_pools/tsernet").status_code == 200, 60, "the work pool")
            prefect.run("deploy", "--all", folder=repository)
            deployment = prefect.get("/deployments/name/retrain/default").json()["id"]
            yield Plant(prefect, repository, journal, pause, deployment)
