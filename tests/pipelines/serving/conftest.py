"""A real service on a free port, in a thread of the tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from servers import TLS

from pipelines.serving.limits import Limits
from pipelines.serving.log import LogSettings
from pipelines.serving.server import Served, address_of, prepared


@contextmanager
def _running(served: Served) -> Iterator[httpx.Client]:
    with prepared(served) as (server, listening):
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            with httpx.Client(base_url=address_of(listening), timeout=60, verify=TLS, trust_env=False) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(30)


@pytest.fixture(scope="session")
def running() -> Callable[..., Any]:
    """Start a service; gives an HTTP client of it, and ends it with the context."""
    return _running


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Path]]:
    """A service of the shipped weights with small limits, and the folder of its log."""
    log = tmp_path_factory.mktemp("log")
    limits = Limits(body_bytes=2**20, bodies_bytes=4 * 2**20, images=4, pixels=1_000_000, requests=8, read_seconds=2.0)
    with _running(Served(model="shipped", port=0, limits=limits, log=LogSettings(log, thumbnail=32))) as client:
        yield client, log
