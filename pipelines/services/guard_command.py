"""How a command is put under its guard."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

_GUARD = Path(__file__).with_name("guard.py")


def guarded_command(command: Sequence[str], grace: float) -> list[str]:
    """Spell the command that runs another under a guard (guard.py); its standard input must be a pipe that the caller alone holds.

    Args:
        command: The program and its arguments.
        grace: Seconds between asking it to end and killing it.
    """
    # -S -P: without site-packages, and without the guard's own folder, whose modules would hide the standard library's.
    return [sys.executable, "-S", "-P", str(_GUARD), str(grace), *command]
