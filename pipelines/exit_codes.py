"""How every process of the pipeline ends: one line on stderr and an exit code, never a traceback for a user's mistake."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from pipelines.loopback import bypass_proxy_for_loopback
from tsernet.errors import CheckError, StoppedError, UserError

DRIFTED = 4
"""Of `tsernet monitor`: the last images are not of the training images' kind."""


def run_stage(stage: Callable[[Sequence[str]], None]) -> None:
    """Run a stage with the command line's arguments and end the process.

    Exit codes: 0 done, 1 a check does not hold, 2 a mistake of the user's, 130 and 143 stopped by SIGINT and SIGTERM.
    Anything else is a bug and keeps its traceback.
    """
    bypass_proxy_for_loopback()
    try:
        stage(sys.argv[1:])
    except (CheckError, UserError, StoppedError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(exit_code_of(error))


def exit_code_of(error: CheckError | UserError | StoppedError) -> int:
    """The exit code that an error stands for."""
    if isinstance(error, StoppedError):
        return error.exit_code
    return 1 if isinstance(error, CheckError) else 2
