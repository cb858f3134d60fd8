"""Ends a flow run that has been cancelled and that nobody ends.

The runner that should do so goes deaf for good when the server is away for more than half a minute; a training lives through that.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.states import Cancelled

_POLL_SECONDS = 4.0
# Longer than an ordinary cancellation takes, which must not be disturbed by a second signal.
_PATIENCE_SECONDS = 8.0


@contextmanager
def ended_when_cancelled(run_id: str) -> Iterator[None]:
    """Send this process SIGTERM if its run stays in Cancelling inside the block, and mark the run Cancelled after it."""
    left, signalled = threading.Event(), threading.Event()
    threading.Thread(target=_watch, args=(UUID(run_id), left, signalled), name="cancel watch", daemon=True).start()
    try:
        yield
    finally:
        left.set()
        if signalled.is_set():
            with get_client(sync_client=True) as client:
                client.set_flow_run_state(UUID(run_id), Cancelled(), force=True)


def _watch(run_id: UUID, left: threading.Event, signalled: threading.Event) -> None:
    since: float | None = None
    while not left.wait(_POLL_SECONDS):
        if not _is_cancelling(run_id):
            since = None
            continue
        since = since or time.monotonic()
        if time.monotonic() - since >= _PATIENCE_SECONDS:
            signalled.set()
            os.kill(os.getpid(), signal.SIGTERM)
            return


def _is_cancelling(run_id: UUID) -> bool:
    try:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(run_id).state
    except httpx.HTTPError:  # away, or busy: asked again soon
        return False
    return state is not None and state.type == StateType.CANCELLING
