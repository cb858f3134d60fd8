"""Marks in the environment, which children inherit, so that whatever a process has started is found, wherever it has gone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from pipelines.services.guard import OWNER, SCRATCH

# Of `tsernet up`: the repository that it serves; of a service: itself, once for each start.
UP, SERVICE = "TSERNET_UP", "TSERNET_SERVICE"
_PATIENCE_SECONDS = 8.0


def end_marked_processes(name: str, value: str, patience: float) -> list[int]:
    """End every process that bears a mark, once those that end by themselves have had time to.

    Args:
        name: The variable.
        value: Its value.
        patience: Seconds to wait before anything is asked to end.
    Returns:
        The process ids of those that were found.
    """
    own = {process.pid for process in (psutil.Process(), *psutil.Process().parents())}
    environments = {process: _environment(process) for process in psutil.process_iter() if process.pid not in own}
    found = [process for process, environment in environments.items() if environment.get(name) == value]
    end_processes(found, patience)
    # Where a guard and its warden have been killed at once, nobody else removes what they made for these processes.
    for scratch in {Path(environments[process].get("TMPDIR", "/")) for process in found}:
        if scratch.name.startswith(SCRATCH):
            shutil.rmtree(scratch, ignore_errors=True)
    return [process.pid for process in found]


def sweep_scratch() -> None:
    """Remove folders for temporary files whose guard is gone: killed together with its warden, neither could."""
    for owner in Path(tempfile.gettempdir()).glob(f"{SCRATCH}??????/{OWNER}"):
        text = owner.read_text(encoding="utf-8")
        if text.isdecimal() and not psutil.pid_exists(int(text)):
            shutil.rmtree(owner.parent, ignore_errors=True)


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


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except psutil.Error:
        return {}  # gone, or another user's: not ours to end
