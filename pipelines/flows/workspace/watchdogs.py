"""Watchdogs of a flow run: it ends when its worker has died, and when it is cancelled and nobody ends it.

The runner that should end a cancelled run stops listening for good when the server is away for more than half a minute, and a training
outlasts that. A run whose worker is gone could not be cancelled at all.
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

_PARENT_POLL_SECONDS = 1.0
_CANCEL_POLL_SECONDS = 4.0
# Longer than an ordinary cancellation takes, which must not be disturbed by a second signal.
_PATIENCE_SECONDS = 8.0


@contextmanager
def terminate_when_cancelled(run_id: str) -> Iterator[None]:
    """Send this process SIGTERM if its run stays in Cancelling inside the block, and mark the run Cancelled after it."""
    left, signalled = threading.Event(), threading.Event()
    threading.Thread(target=_watch_for_cancellation, args=(UUID(run_id), left, signalled), name="cancel watch", daemon=True).start()
    try:
        yield
    finally:
        left.set()
        if signalled.is_set():
            with get_client(sync_client=True) as client:
                client.set_flow_run_state(UUID(run_id), Cancelled(), force=True)


def _watch_for_cancellation(run_id: UUID, left: threading.Event, signalled: threading.Event) -> None:
    since: float | None = None
    while not left.wait(_CANCEL_POLL_SECONDS):
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


def terminate_with_worker() -> None:
    """Send this process SIGTERM once its worker is gone; Prefect then marks the run Crashed and the stage's checkpoint stays.

    Does nothing where no worker has started the run.
    """
    if "PREFECT__WORKER_NAME" in os.environ:
        threading.Thread(target=_watch_parent, args=(os.getppid(),), name="worker watch", daemon=True).start()


def _watch_parent(worker: int) -> None:
    while os.getppid() == worker:
        time.sleep(_PARENT_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
