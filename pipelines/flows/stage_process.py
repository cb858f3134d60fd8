"""One DVC command as a process group of its own: its output line by line, its end under all circumstances."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pipelines.redaction import make_redactor
from pipelines.services.guard_command import guarded_command
from tsernet.errors import CheckError
from tsernet.locks import lock_folder

GRACE_SECONDS = 6.0
_STAGE_ERROR = re.compile(r"^(error: |[A-Za-z_.]*(Error|Exception|Exit|Interrupt)\b)")
_DVC_ERROR = re.compile(r"^ERROR: ")
_LIVE: set[subprocess.Popen[str]] = set()
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def run_command(command: Sequence[str], folder: Path, environment: Mapping[str, str], on_line: Callable[[str], None]) -> None:
    """Run a command to its end and hand over each line of its output.

    However this function is left (return, error, cancellation), nothing of the command lives on; should this very process be
    killed, the guard ends the command.

    Args:
        command: The program and its arguments.
        folder: Its working directory.
        environment: All of its environment.
        on_line: Called with each line of stdout and stderr, without colours, line ends and secrets.
    Raises:
        CheckError: If it fails; the message is its last error line.
    """
    tail: deque[str] = deque(maxlen=200)
    hide = make_redactor(environment)
    process = subprocess.Popen(
        guarded_command(command, GRACE_SECONDS),
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )
    _LIVE.add(process)
    assert process.stdout is not None
    try:
        for raw in process.stdout:
            line = hide(_ANSI.sub("", raw).rstrip())
            if line:
                tail.append(line)
                on_line(line)
        code = process.wait()
    finally:
        _end(process)
        _LIVE.discard(process)
        process.stdout.close()
    if code != 0:
        raise CheckError(last_error_line(tail) or hide(f"{' '.join(command)} ended with exit code {code}"))


def end_all() -> None:
    """End every command that still runs: those of other threads, which no exception reaches."""
    for process in list(_LIVE):
        _end(process)


def dvc(*arguments: str) -> list[str]:
    """Spell a DVC command for the interpreter that runs this process."""
    return [sys.executable, "-m", "dvc", *arguments]


def tsernet(*arguments: str) -> list[str]:
    """Spell a `tsernet` command for the interpreter that runs this process."""
    return [sys.executable, "-m", "pipelines.cli", *arguments]


def last_error_line(lines: Sequence[str]) -> str:
    """Pick the line that says why a stage failed: the stage's own last word rather than DVC's summary of it.

    Args:
        lines: The end of the stage's output.
    Returns:
        Empty if nothing was printed.
    """
    for pattern in (_STAGE_ERROR, _DVC_ERROR):
        for line in reversed(lines):
            if pattern.match(line):
                return line
    return lines[-1] if lines else ""


def stage_environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Make a stage's environment: this process's, without Prefect's own variables, with the interpreter's folder first.

    A stage knows nothing of Prefect, and `python` in dvc.yaml must mean this interpreter.
    """
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", os.defpath)])
    return own | {"PATH": path, "DVC_NO_ANALYTICS": "1", "PYTHONUNBUFFERED": "1", "TSERNET_LOCKS": str(lock_folder())} | dict(extra)


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the guard to end the group by closing its standard input; end the guard if it does not obey."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        process.wait(timeout=GRACE_SECONDS + 2)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
