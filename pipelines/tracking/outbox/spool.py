"""What a run has to say, written down locally first: one line a record, in order; the sender takes it from there.

Layout of `.tsernet/spool/RUN_ID/`: `records.jsonl`, `sent` (how many bytes of it have reached the store), `refused.jsonl`
(what the store will never take), `files/` (copies of artifacts that wait).
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True)
class Placed:
    """A record and where the next one begins."""

    record: Record
    end: int


class Spool:
    """The records of one run; one process writes, one thread of it or a later process sends.

    Args:
        folder: Of this run alone; made if need be.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records = folder / "records.jsonl"
        self._sent = folder / "sent"
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._drop_torn_line()

    @contextmanager
    def claimed(self, patience: float) -> Iterator[None]:
        """Keep other processes from sending or removing this run's records.

        Args:
            patience: Seconds to wait for another process that does so now.
        Raises:
            filelock.Timeout: If it still does.
        """
        from filelock import FileLock

        with FileLock(self.folder.with_suffix(".lock"), timeout=patience):
            yield

    def append(self, record: Record) -> None:
        """Add a record; it is with the operating system before this returns, so that a killed process loses nothing."""
        with self._lock, self._records.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def keep_file(self, path: Path) -> str:
        """Copy an artifact that has yet to be sent, and name the copy: the original may change or go before its turn."""
        folder = self.folder / "files" / os.urandom(6).hex()
        folder.mkdir(parents=True)
        if path.is_dir():
            shutil.copytree(path, folder / path.name)
        else:
            shutil.copyfile(path, folder / path.name)
        return str((folder / path.name).relative_to(self.folder))

    def waiting(self) -> Iterator[Placed]:
        """Go through the records that have not been sent."""
        yield from self._read(self.sent)

    def everything(self) -> Iterator[Record]:
        """Go through all records, sent or not."""
        for placed in self._read(0):
            yield placed.record

    @property
    def sent(self) -> int:
        """How many bytes of the records have reached the store."""
        return int(self._sent.read_text()) if self._sent.is_file() else 0

    def mark_sent(self, end: int) -> None:
        """Remember that everything before `end` has reached the store."""
        partial = self.folder / "sent.partial"
        partial.write_text(str(end))
        partial.replace(self._sent)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._records.is_file() or self.sent >= self._records.stat().st_size

    def refuse(self, record: Record, reason: str) -> None:
        """Set a record aside that the store will never take."""
        with (self.folder / "refused.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"reason": reason, "record": record}) + "\n")

    def forget(self) -> None:
        """Remove the spool of a run that has ended and is wholly with the store; what was refused stays."""
        if not (self.folder / "refused.jsonl").is_file():
            shutil.rmtree(self.folder)

    def _read(self, start: int) -> Iterator[Placed]:
        if not self._records.is_file():
            return
        with self._records.open("rb") as file:
            file.seek(start)
            end = start
            for line in file:
                if not line.endswith(b"\n"):  # being written just now
                    return
                end += len(line)
                yield Placed(json.loads(line), end)

    def _drop_torn_line(self) -> None:
        """Cut off what a killed process left half-written."""
        if not self._records.is_file():
            return
        with self._records.open("rb+") as file:
            content = file.read()
            if content and not content.endswith(b"\n"):
                file.truncate(content.rfind(b"\n") + 1)


def last_steps(spool: Spool) -> dict[str, int]:
    """Find the last step that each metric was recorded at, so that a resumed run says nothing twice."""
    found: dict[str, int] = {}
    for record in spool.everything():
        if record["kind"] == "metrics":
            for key in record["values"]:
                found[key] = max(found.get(key, -1), record["step"])
    return found
