"""One Prefect server with one worker and the deployment, for all tests of this folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from plants import Plant
from servers import Prefect, ended
from standin import make_repository


@pytest.fixture(scope="session")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """Start everything as the README says."""
    folder = tmp_path_factory.mktemp("plant")
    for name in ("pause", "home"):
        (folder / name).mkdir()
    made = Plant(Prefect(folder / "home"), make_repository(folder / "repository"), folder / "journal.jsonl", folder / "pause")
    with ended(made.prefect.start()):
        made.start_worker()
        try:
            made.prefect.run("deploy", "--all", folder=made.repository)
            made.deployment = made.prefect.get("/deployments/name/retrain/default").json()["id"]
            yield made
        finally:
            assert made.worker is not None
            with ended(made.worker):
                os.killpg(made.worker.pid, signal.SIGTERM)
