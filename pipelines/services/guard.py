"""Runs one command in a session of its own and ends it, with all that it has started, when whoever asked for it goes away.

A SIGKILL cannot be caught, so no watcher stands alone:

    parent ──pipe──► guard ──pipe──► warden ──► command

The guard forks the warden, and the warden starts the command. The parent alone holds the guard's standard input and the guard alone the
warden's pipe: end of file on either means that its holder asked for the end, or died, and the warden ends the command. If it is the
warden that dies, the guard ends the command. On Linux both adopt whatever loses its parent below them, so that processes in sessions of
their own are found too. The command's temporary files go into a folder that ends with it, since a killed process removes none.
Standard library only: it starts in milliseconds.

    python guard.py GRACE_SECONDS COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

OWNER = ".owner"  # in it: the guard's process id
SCRATCH = "tsernet-"  # how the name of a command's folder for temporary files begins
_POLL_SECONDS = 0.1
_ENDED_BY_GUARD = 130
_SECONDS_AFTER_SIGKILL = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# <sys/prctl.h>; elsewhere than on Linux the pipes alone must do.
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit code, or 130 if it had to be ended."""
    grace, command = float(arguments[0]), list(arguments[1:])
    for number in _SIGNALS:
        signal.signal(number, _raise_exit)
    _adopt_orphans()
    scratch = _make_scratch()
    lifeline, held = os.pipe()
    told, report = os.pipe()
    warden = os.fork()
    if warden == 0:
        os.close(held)
        os.close(told)
        sys.exit(_ward(command, grace, scratch, lifeline, report))
    os.close(lifeline)
    os.close(report)
    code: int | None = None
    try:
        code = os.waitstatus_to_exitcode(os.waitpid(warden, 0)[1])
    finally:
        _be_deaf()
        if code is None:  # a signal came
            os.close(held)
            code = os.waitstatus_to_exitcode(os.waitpid(warden, 0)[1])
        if code < 0:  # the warden has been killed
            end_family(int(os.read(told, 32) or 0), grace)
            _remove(scratch)
    return code if code >= 0 else _ENDED_BY_GUARD


def end_family(leader: int, grace: float) -> None:
    """End a command's process group, and on Linux all other descendants of this process.

    SIGINT to the group, so that work is put in order; SIGTERM to what else has lost its parent; SIGKILL to all once the grace is over.

    Args:
        leader: The group; 0 if the command has not been started.
        grace: Seconds.
    """
    deadline, asked = time.monotonic() + grace, set[int]()
    _signal_group(leader, signal.SIGINT)
    while True:
        _reap()
        parents = _descendants()
        if not (_signal_group(leader, 0) or parents):
            return
        late = time.monotonic() - deadline
        if late > _SECONDS_AFTER_SIGKILL:
            return  # what does not end even so hangs in the kernel
        if late > 0:
            _signal_group(leader, signal.SIGKILL)
            _signal_each(parents, signal.SIGKILL)
        else:
            # A stray's own children are the stray's to end: a flow run ends its stage, and reports it.
            strays = {pid for pid, parent in parents.items() if parent == os.getpid() and _group_of(pid) != leader} - asked
            _signal_each(strays, signal.SIGTERM)
            asked |= strays
        time.sleep(_POLL_SECONDS)


def _ward(command: list[str], grace: float, scratch: Path, lifeline: int, report: int) -> int:
    """Be the command's parent: give its exit code, or 130 once the guard or the guard's parent is gone."""
    _adopt_orphans()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, env=os.environ | {"TMPDIR": str(scratch)})
    os.write(report, str(child.pid).encode())
    os.close(report)
    code: int | None = None
    try:
        while code is None:
            if any(_is_at_end(pipe) for pipe in select.select([sys.stdin.fileno(), lifeline], [], [], _POLL_SECONDS)[0]):
                return _ENDED_BY_GUARD
            code = _reap().get(child.pid)
    finally:
        _be_deaf()
        child.returncode = 0  # reaped here, not by Popen
        end_family(child.pid, grace)
        _remove(scratch)
    return code if code >= 0 else 128 - code


def _make_scratch() -> Path:
    """Make the command's own folder for temporary files; its short name leaves room for that of a socket, which the system limits."""
    parents = [Path(named) for name in ("TMPDIR", "TEMP", "TMP") if (named := os.environ.get(name))]
    parent = next((path for path in parents if os.access(path, os.W_OK)), Path("/tmp"))
    while True:
        scratch = parent / f"{SCRATCH}{os.urandom(3).hex()}"
        with suppress(FileExistsError):
            scratch.mkdir(mode=0o700)
            (scratch / OWNER).write_text(str(os.getpid()))
            return scratch


def _remove(scratch: Path) -> None:
    import shutil  # needed once, at the end

    shutil.rmtree(scratch, ignore_errors=True)


def _adopt_orphans() -> None:
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _be_deaf() -> None:
    """Let no further signal break off the ending."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _reap() -> dict[int, int]:
    """Collect the children that have ended, adopted ones too, which would else count as alive; give their exit codes."""
    codes: dict[int, int] = {}
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            codes[ended[0]] = os.waitstatus_to_exitcode(ended[1])
    return codes


def _descendants() -> dict[int, int]:
    """Map the process ids below this process to their parents'; nothing where there is no /proc."""
    parents = dict(_all_processes())
    found: dict[int, int] = {}
    fresh = {os.getpid()}
    while fresh:
        fresh = {pid for pid, parent in parents.items() if parent in fresh}
        found |= {pid: parents[pid] for pid in fresh}
    return found


def _all_processes() -> Iterator[tuple[int, int]]:
    for stat in Path("/proc").glob("[0-9]*/stat") if _LIBC is not None else ():
        with suppress(OSError):  # it has ended since
            # pid (name, which may hold anything) state parent …
            yield int(stat.parent.name), int(stat.read_bytes().rpartition(b")")[2].split()[1])


def _group_of(pid: int) -> int:
    with suppress(ProcessLookupError):
        return os.getpgid(pid)
    return 0


def _signal_group(group: int, number: int) -> bool:
    """Signal a group; say whether it is there."""
    if not group:
        return False
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    return True


def _signal_each(pids: set[int] | dict[int, int], number: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def _is_at_end(pipe: int) -> bool:
    return not os.read(pipe, 1)


def _raise_exit(number: int, _: object) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
