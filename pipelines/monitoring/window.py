"""The window: the last images of the inspection log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.monitoring.figures import READ, Figures, figures_of
from pipelines.serving.log import read_log
from tsernet.errors import UserError


@dataclass(frozen=True)
class Window:
    """Images that were inspected one after the other.

    Attributes:
        figures: Of them, the oldest first.
        first, last: When the first and the last were inspected; empty if there are none.
        models: How many were inspected with each model, by its name.
        repeated: Rows left out because a later one is of the same file.
    """

    figures: Figures
    first: str
    last: str
    models: Mapping[str, int]
    repeated: int

    def __len__(self) -> int:
        return len(self.figures)


def parse_moment(text: str) -> str:
    """Bring a moment that a person gives into the log's own spelling, in which moments are compared as text.

    Args:
        text: By ISO 8601, a day alone too; without an offset it is UTC, as the log is. Empty stays empty.
    Raises:
        UserError: If it is none.
    """
    if not text:
        return ""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{text!r}: expected a moment or a day, such as 2026-11-29T01:10:00+01:00; `last` of --json is one") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="milliseconds")


def last_images(log: Path, count: int, after: str = "") -> Window:
    """Read the last images that the champion's role inspected; what a challenger made of them beside it are the same images.

    The same file counts once, by its last row: whoever looks at an image ten times has not seen ten images.

    Args:
        log: Folder of the log; one that is not there has no images.
        count: At most so many.
        after: Only rows of a later moment, in the log's own spelling.
    """
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    repeated = 0
    for row in read_log(log, READ, newest_first=True):
        if row["at"] <= after or len(rows) == count:
            break
        if row["role"] != "champion":
            continue
        if row["image_sha256"] in seen:
            repeated += 1
            continue
        seen.add(row["image_sha256"])
        rows.append(row)
    rows.reverse()
    names = [str(row["model"]) for row in rows]
    models = {name: names.count(name) for name in dict.fromkeys(names)}
    return Window(figures_of(rows), rows[0]["at"] if rows else "", rows[-1]["at"] if rows else "", models, repeated)
