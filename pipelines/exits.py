"""How every process of the pipeline ends: one line on stderr and an exit code, never a bare traceback for a user's mistake."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from tsernet.errors import CheckError, UserError


def run_stage(stage: Callable[[Sequence[str]], None]) -> None:
    """Run a stage with the command line's arguments and end the process.

    Exit codes: 0 done, 1 a check does not hold, 2 a mistake of the user's. Anything else is a bug and keeps its traceback.
    """
    try:
        stage(sys.argv[1:])
    except CheckError as error:
        sys.exit(_say(error, 1))
    except UserError as error:
        sys.exit(_say(error, 2))


def _say(error: Exception, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    return code
