"""Progress on stderr: a bar on a terminal, a plain line now and then in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SECONDS_BETWEEN_LINES = 10.0


class ProgressBar:
    """Show how far a long step is, with a note such as the loss.

    Args:
        description: What is being done.
        total: How many units there are.
        done: How many of them were done before.
    """

    def __init__(self, description: str, total: int, done: int = 0) -> None:
        self._description, self._total, self._done = description, total, done
        self._started, self._at_start = time.monotonic(), done
        self._next_line = self._started + _SECONDS_BETWEEN_LINES
        self._bar = _terminal_bar() if sys.stderr.isatty() else None
        self._task = self._bar.add_task(description, total=total, completed=done, note="") if self._bar else None

    def __enter__(self) -> Self:
        if self._bar:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._bar:
            self._bar.stop()
        elif kind is None:
            self._print_line("")

    def advance(self, note: str = "") -> None:
        """Count one unit as done."""
        self._done += 1
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=self._done, note=f"{note} {self._rate():.2f}/s")
        elif time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _SECONDS_BETWEEN_LINES
            self._print_line(note)

    def _rate(self) -> float:
        return (self._done - self._at_start) / max(time.monotonic() - self._started, 1e-9)

    def _print_line(self, note: str) -> None:
        rate = self._rate()
        left = f", {(self._total - self._done) / rate:.0f} s left" if rate > 0 and self._done < self._total else ""
        print(f"{self._description}: {self._done}/{self._total} {note} ({rate:.2f}/s{left})", file=sys.stderr, flush=True)


def _terminal_bar() -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    return Progress(*columns, console=Console(stderr=True))
