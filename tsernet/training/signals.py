"""SIGINT and SIGTERM during a training: finish the step, keep what was learnt, say how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from tsernet.signals import stop_signals_handled


class StopRequest:
    """Holds the signal that asked for a stop, if any."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def handle(self, number: int, _: FrameType | None) -> None:
        """Remember the signal; the loop looks after each step."""
        self.signal = number


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Catch SIGINT and SIGTERM inside the block, and put the earlier handlers back after it."""
    request = StopRequest()
    with stop_signals_handled(request.handle):
        yield request
