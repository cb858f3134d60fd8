"""Runs one command in a process group of its own and ends that group when the parent goes away.

A SIGKILL to the flow's process cannot be caught there, so a second, tiny process watches: its standard input is a pipe that only
the parent holds; end of file means that the parent asked for the end, or died. Standard library only: it starts in milliseconds.

    python guard.py GRACE_SECONDS COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

_POLL_SECONDS = 0.1
_ENDED_BY_GUARD = 130


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code, or 130 if the guard had to end it."""
    grace, command = float(arguments[0]), list(arguments[1:])
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _raise_exit)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        while child.poll() is None:
            if _parent_is_gone():
                return _ENDED_BY_GUARD
        return child.returncode
    finally:
        end_group(child, grace)


def end_group(child: subprocess.Popen[bytes], grace: float) -> None:
    """End every process of the child's group: SIGINT, so that work is put in order, and SIGKILL once the grace is over.

    Args:
        child: The leader of its own process group; it may have ended already.
        grace: Seconds.
    """
    deadline = time.monotonic() + grace
    _signal_group(child.pid, signal.SIGINT)
    while time.monotonic() < deadline and _group_lives(child):
        time.sleep(_POLL_SECONDS)
    _signal_group(child.pid, signal.SIGKILL)
    child.wait()


def _group_lives(child: subprocess.Popen[bytes]) -> bool:
    child.poll()  # reaps the leader, which would else count as alive
    return _signal_group(child.pid, 0)


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _parent_is_gone() -> bool:
    readable, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
    return bool(readable) and not os.read(sys.stdin.fileno(), 1)


def _raise_exit(number: int, _: object) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
