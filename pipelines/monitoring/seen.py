"""Up to which inspected image earlier looks have compared: marked once an alarm is out, since a kill between the two would lose it."""

from __future__ import annotations

import json
from pathlib import Path

from tsernet.data.atomic import write_whole
from tsernet.errors import UserError

_MARK = "until.json"


def seen_until(state: Path) -> str:
    """Give the moment of the last image that was compared, in the log's spelling; empty where none was.

    Args:
        state: Folder of the monitor, `.tsernet/monitor` of a repository.
    Raises:
        UserError: If the file that says so is damaged: neither all images nor none would be right.
    """
    mark = state / _MARK
    if not mark.is_file():
        return ""
    try:
        return str(json.loads(mark.read_text(encoding="utf-8"))["at"])
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{mark}: is damaged ({type(error).__name__}); without it, the next look compares the last images again") from None


def mark_seen(state: Path, last: str) -> None:
    """Leave out, from the next look on, what was inspected up to a moment; an earlier one changes nothing.

    Args:
        state: As above.
        last: The moment, in the log's spelling.
    """
    if last > seen_until(state):
        write_whole(state / _MARK, json.dumps({"at": last}))
