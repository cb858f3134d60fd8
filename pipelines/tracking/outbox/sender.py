"""A thread that brings a run's records to the store while training goes on, and never holds it up."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

from pipelines.tracking.outbox.delivery import send_waiting
from pipelines.tracking.outbox.spool import Spool
from pipelines.tracking.system_metrics import SystemMetrics

INTERVAL = 1.0
"""Seconds between two looks at the spool."""
PATIENCE = 4.0
"""Seconds that the end of a run waits for a store that makes no progress."""
_RETRY = 5.0


class Sender(threading.Thread):
    """Sends what waits, again and again; after a failure only every few seconds.

    Args:
        client: An MlflowClient.
        run_id: The run that the records belong to.
        spool: Its records.
        system: What to measure of the machine meanwhile, if anything.
    """

    def __init__(self, client: Any, run_id: str, spool: Spool, system: SystemMetrics | None) -> None:
        super().__init__(name=f"mlflow-{run_id[:8]}", daemon=True)
        self._client, self._run_id, self._spool, self._system = client, run_id, spool, system
        self._closing = threading.Event()
        self._trouble = ""

    def run(self) -> None:
        """Work until closed and empty, or closed and in trouble."""
        while True:
            closing = self._closing.wait(_RETRY if self._trouble else INTERVAL)
            if self._system and not closing:
                self._system.record(self._spool)
            self._try_to_send()
            if closing and (self._trouble or self._spool.is_empty):
                return

    def close(self) -> None:
        """Send the rest; give up when the store makes no progress, and say where the rest waits and how to send it."""
        self._closing.set()
        seen, since = self._spool.sent, time.monotonic()
        while self.is_alive() and time.monotonic() - since < self._patience():
            self.join(0.05)
            if self._spool.sent != seen:
                seen, since = self._spool.sent, time.monotonic()
        if self.is_alive() or self._trouble:
            reason = self._trouble or f"no answer for {PATIENCE:.0f} s"
            print(
                f"warning: MLflow did not take all of run {self._run_id} ({reason[:160]}); the rest waits in {self._spool.folder},"
                " `tsernet send-metrics` sends it",
                file=sys.stderr,
            )

    def _patience(self) -> float:
        """Allow for the size of the file whose turn it is: a megabyte a second."""
        waiting = next(iter(self._spool.waiting()), None)
        if waiting is None or waiting.record["kind"] != "artifact" or self._trouble:
            return PATIENCE
        path = self._spool.folder / str(waiting.record["file"])
        return PATIENCE + sum(file.stat().st_size for file in [path, *path.rglob("*")]) / 1e6

    def _try_to_send(self) -> None:
        try:
            send_waiting(self._client, self._run_id, self._spool)
            self._trouble = ""
        # Whatever a store, a network or a disk comes up with must not end a training; it is told at the end, and nothing is lost.
        except Exception as error:
            if not self._trouble:
                print(f"warning: MLflow cannot be reached, its records wait in {self._spool.folder}", file=sys.stderr)
            self._trouble = f"{type(error).__name__}: {' '.join(str(error).split())}"
