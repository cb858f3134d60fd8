"""One Prefect server with one worker and the deployment, for all tests of this folder."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from servers import Prefect, calls_outside, ended
from sites import Site
from standin import make_repository


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start everything as the README says."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("pause", "home"):
        (folder / name).mkdir()
    repository = make_repository(folder / "repository")
    made = Site(Prefect(folder / "home", repository), repository, folder / "journal.jsonl", folder / "pause")
    made.prefect.start()
    try:
        made.start_worker()
        made.prefect.run("deploy", "--all", folder=made.repository)
        made.deployment = made.prefect.get("/deployments/name/retrain/default").json()["id"]
        yield made
    finally:
        for process in filter(None, (made.worker, made.prefect.server)):
            with ended(process):
                os.killpg(process.pid, signal.SIGTERM)
    # Of all that the tests have started.
    assert calls_outside(made.prefect.calls) == []
