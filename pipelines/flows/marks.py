"""Marks in the environment, which children inherit, so that whatever a process has started is found, wherever it has gone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import psutil

# Of `tsernet up`: the repository that it serves; of a service: itself, once for each start.
UP, SERVICE = "TSERNET_UP", "TSERNET_SERVICE"
_PATIENCE_SECONDS = 8.0


def end_marked(name: str, value: str, patience: float) -> list[int]:
    """End every process that bears a mark, once those that end by themselves have had time to.

    Args:
        name: The variable.
        value: Its value.
        patience: Seconds to wait before anything is asked to end.
    Returns:
        The process ids of those that were found.
    """
    own = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    found = [process for process in psutil.process_iter() if process.pid not in own and _bears(process, name, value)]
    end_processes(found, patience)
    return [process.pid for process in found]


def end_processes(processes: Sequence[psutil.Process], patience: float) -> None:
    """Wait for what ends by itself; then ask, then kill.

    Args:
        processes: Which.
        patience: Seconds to wait before they are asked.
    """
    _, living = psutil.wait_procs(processes, timeout=patience)
    for end in (psutil.Process.terminate, psutil.Process.kill):
        for process in living:
            with suppress(psutil.NoSuchProcess):
                end(process)
        _, living = psutil.wait_procs(living, timeout=_PATIENCE_SECONDS)


def _bears(process: psutil.Process, name: str, value: str) -> bool:
    try:
        return process.environ().get(name) == value
    except psutil.Error:
        return False  # gone, or another user's: not ours to end
