"""Work on images, in threads: the event loop only reads and sends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pipelines.serving.limits import BusyError, Limits

R = TypeVar("R")


class Desk:
    """Threads that compute, one for each core; what comes while all of them do waits in turn.

    Args:
        threads: How many.
        limits: In force.
    """

    def __init__(self, threads: int, limits: Limits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="inspect")

    async def run(self, work: Callable[[], R]) -> R:
        """Do something in a thread.

        Raises:
            BusyError: If no thread was free in time; then nothing was done.
        """
        last = time.monotonic() + self._limits.wait_seconds

        def begin() -> R:
            if time.monotonic() > last:
                raise BusyError(f"no core was free for {self._limits.wait_seconds:g} seconds; try again, or send less at once")
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, begin)

    def close(self) -> None:
        """Finish what has begun."""
        self._threads.shutdown(cancel_futures=True)
