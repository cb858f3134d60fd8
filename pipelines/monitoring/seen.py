"""Up to which inspected image earlier looks have compared: marked once an alarm is out, since a kill between the two would lose it."""

from __future__ import annotations

import json
from pathlib import Path

from tsernet.data.atomic import write_whole

_MARK = "until.json"


def seen_until(state: Path) -> str:
    """Give the moment of the last image that was compared, in the log's spelling; empty where none was.

    Args:
        state: Folder of the monitor, `.tsernet/monitor` of a repository.
    """
    mark = state / _MARK
    return str(json.loads(mark.read_text(encoding="utf-8"))["at"]) if mark.is_file() else ""


def mark_seen(state: Path, last: str) -> None:
    """Leave out, from the next look on, what was inspected up to a moment; an earlier one changes nothing.

    Args:
        state: As above.
        last: The moment, in the log's spelling.
    """
    if last > seen_until(state):
        write_whole(state / _MARK, json.dumps({"at": last}))
