"""Ends a flow run whose worker has died, since nobody could cancel it any more."""

from __future__ import annotations

import os
import signal
import threading
import time

_POLL_SECONDS = 1.0


def end_with_worker() -> None:
    """Send this process SIGTERM once its worker is gone; Prefect then marks the run Crashed and the stage's checkpoint stays.

    Does nothing where no worker has started the run.
    """
    if "PREFECT__WORKER_NAME" in os.environ:
        threading.Thread(target=_watch, args=(os.getppid(),), name="worker watch", daemon=True).start()


def _watch(worker: int) -> None:
    while os.getppid() == worker:
        time.sleep(_POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
