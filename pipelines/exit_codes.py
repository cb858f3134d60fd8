"""How every process of the pipeline ends: one line on stderr and an exit code, never a traceback for a user's mistake."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pipelines.loopback import bypass_proxy_for_loopback
from tsernet.errors import CheckError, StoppedError, UserError

DRIFTED = 4
"""Of `tsernet monitor`: the last images are not of the training images' kind."""

_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def run_stage(stage: Callable[[Sequence[str]], None]) -> None:
    """Run a stage with the command line's arguments and end the process.

    Exit codes: 0 done, 1 a check does not hold, 2 a mistake of the user's, 130 and 143 stopped by SIGINT and SIGTERM.
    Anything else is a bug and keeps its traceback.
    """
    bypass_proxy_for_loopback()
    with ending_in_one_line():
        stage(sys.argv[1:])


@contextmanager
def ending_in_one_line() -> Iterator[None]:
    """End the process with one line on stderr at a mistake, a check that does not hold, a place that refuses files, or Ctrl-C."""
    try:
        yield
    except (CheckError, UserError, StoppedError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(exit_code_of(error))
    except KeyboardInterrupt:  # where it came says nothing to whoever pressed Ctrl-C
        print("error: stopped by SIGINT", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    except OSError as error:
        sentence = _describe_place(error)
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        sys.exit(exit_code_of(UserError()))


def _describe_place(error: OSError) -> str | None:
    """Say what the system refused at a place that the user chose; None where it may be a mistake of ours, whose traceback is wanted."""
    if error.errno in _FULL:
        return f"{error.filename or 'a file'}: cannot be written, {error.strerror}"
    if error.errno in _REFUSED and error.filename is not None:
        return f"{error.filename}: cannot be used, {error.strerror}; give another place, or mend this one"
    return None


def exit_code_of(error: CheckError | UserError | StoppedError) -> int:
    """The exit code that an error stands for."""
    if isinstance(error, StoppedError):
        return error.exit_code
    return 1 if isinstance(error, CheckError) else 2
