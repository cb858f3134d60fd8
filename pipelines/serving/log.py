"""The inspection log: what was inspected, when, by which version, with which outcome; figures, never the image.

One SQLite file a day in WAL mode. A row is committed before its answer is sent, so that a SIGKILL loses at most the requests that had none
yet; several processes may write at once. A day's file is begun by whoever writes first, by its name alone; old ones are removed.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock
from PIL import Image

from pipelines.serving.inspecting import Inspection
from pipelines.serving.loaded import Loaded
from tsernet.errors import UserError

COLUMNS = {
    "at": "TEXT NOT NULL",
    "name": "TEXT NOT NULL",
    "image_sha256": "TEXT NOT NULL",
    "width": "INTEGER NOT NULL",
    "height": "INTEGER NOT NULL",
    "bits": "INTEGER NOT NULL",
    "brightness": "REAL NOT NULL",
    "contrast": "REAL NOT NULL",
    "sharpness": "REAL NOT NULL",
    "clipped": "REAL NOT NULL",
    "saliency_mean": "REAL NOT NULL",
    "saliency_p99": "REAL NOT NULL",
    "saliency_peak": "REAL NOT NULL",
    "marked": "REAL NOT NULL",
    "saliency_histogram": "TEXT NOT NULL",
    "defects": "INTEGER NOT NULL",
    "largest_area": "INTEGER NOT NULL",
    "role": "TEXT NOT NULL",
    "model": "TEXT NOT NULL",
    "weights_sha256": "TEXT NOT NULL",
    "threshold": "REAL NOT NULL",
    "min_area": "REAL NOT NULL",
    "seconds": "REAL NOT NULL",
    "thumbnail": "BLOB",
    "features": "BLOB",
}
"""Of the table `inspections`; `at` is UTC, ISO 8601; shares and saliency in [0, 1], areas in pixels; `features` float32, little-endian."""
_PREFIX, _SUFFIX, _LOCK = "inspections-", ".sqlite", "inspections.lock"
_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class LogSettings:
    """Where the log is and what it keeps.

    Attributes:
        folder: Of the files.
        days: After which a file is removed.
        thumbnail: Longer side of the JPEG that is kept of each image, pixels; 0 for none.
    """

    folder: Path
    days: int = 90
    thumbnail: int = 0


class InspectionLog:
    """Writes the log; any number of threads may.

    Raises:
        OSError, sqlite3.Error: From `add`, if the row could not be written.
    """

    def __init__(self, settings: LogSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._open: tuple[str, sqlite3.Connection] | None = None
        self._begun: os.stat_result | None = None

    def add(self, found: Inspection, role: str, model: Loaded, image_sha256: str) -> None:
        """Write down one inspection; on return it outlives a kill."""
        now = datetime.now(UTC)
        self.write(row_of(found, role, model, image_sha256, now) | {"thumbnail": _thumbnail(found, self._settings.thumbnail)})

    def write(self, row: Mapping[str, Any]) -> None:
        """Write down a row with all of COLUMNS, into the file of its day."""
        insert = f"INSERT INTO inspections ({', '.join(COLUMNS)}) VALUES ({', '.join(f':{key}' for key in COLUMNS)})"
        with self._lock:
            database = self._database(row["at"][:10])
            with database:
                database.execute(insert, row)

    @property
    def file(self) -> Path:
        """The file of today."""
        return self._file(f"{datetime.now(UTC):%Y-%m-%d}")

    def close(self) -> None:
        """Close the file of today."""
        with self._lock:
            if self._open is not None:
                self._open[1].close()
                self._open = None

    def _database(self, day: str) -> sqlite3.Connection:
        if self._open is not None and self._open[0] == day and self._is_there(day):
            return self._open[1]
        if self._open is not None:
            self._open[1].close()
            self._open = None
        folder = self._settings.folder
        folder.mkdir(parents=True, exist_ok=True)
        # SQLite lets nobody wait for the change to WAL: of two who begin a day at once, one would fail.
        with FileLock(folder / _LOCK, timeout=_WAIT_SECONDS):
            database = _begin(self._file(day))
            self._begun = self._file(day).stat()
        self._open = (day, database)
        for path in files_of(folder)[: -self._settings.days]:
            for suffix in ("-wal", "-shm", ""):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
        return database

    def _file(self, day: str) -> Path:
        return self._settings.folder / f"{_PREFIX}{day}{_SUFFIX}"

    def _is_there(self, day: str) -> bool:
        """Say whether the open file still has its name: rows of one that somebody has removed or moved away would be lost silently."""
        try:
            return self._begun is not None and os.path.samestat(self._begun, self._file(day).stat())
        except FileNotFoundError:
            return False


def _begin(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
    try:
        # In WAL mode a kill of the process loses nothing that was committed; only a power cut could take the last rows.
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = NORMAL")
        with database:
            columns = ", ".join(f"{key} {kind}" for key, kind in COLUMNS.items())
            database.execute("BEGIN IMMEDIATE")  # two writers must not both add a column
            database.execute(f"CREATE TABLE IF NOT EXISTS inspections (id INTEGER PRIMARY KEY, {columns})")
            for key in COLUMNS.keys() - _columns_of(database):  # a file that an earlier version has begun today
                database.execute(f"ALTER TABLE inspections ADD COLUMN {key} {COLUMNS[key]}")
    except sqlite3.Error:
        database.close()
        raise
    return database


def row_of(found: Inspection, role: str, model: Loaded, image_sha256: str, now: datetime) -> dict[str, Any]:
    """Give what the log says of an inspection, by COLUMNS; without a thumbnail."""
    height, width = found.saliency.shape
    return {
        "at": now.isoformat(timespec="milliseconds"),
        "name": found.name,
        "image_sha256": image_sha256,
        "width": width,
        "height": height,
        "bits": found.bits,
        **asdict(found.statistics),
        "saliency_mean": found.spread.mean,
        "saliency_p99": found.spread.p99,
        "saliency_peak": found.spread.peak,
        "marked": found.spread.marked,
        "saliency_histogram": json.dumps(found.spread.histogram),
        "defects": found.total,
        "largest_area": max((one["area"] for one in found.defects), default=0),
        "role": role,
        "model": model.name,
        "weights_sha256": model.weights_sha256,
        "threshold": found.threshold,
        "min_area": found.min_area,
        "seconds": found.seconds,
        "thumbnail": None,
        "features": None if found.features is None else found.features.astype("<f4").tobytes(),
    }


def files_of(folder: Path) -> list[Path]:
    """List a log's files, the oldest first."""
    return sorted(folder.glob(f"{_PREFIX}????-??-??{_SUFFIX}"))


def read_log(folder: Path, columns: tuple[str, ...] = tuple(COLUMNS), newest_first: bool = False) -> Iterator[dict[str, Any]]:
    """Read a log, the oldest row first, also while it is written.

    Args:
        folder: Of its files.
        columns: Of `COLUMNS`; None in the files of a version that had no such column yet.
        newest_first: The other way round: whoever wants the last rows stops when they are there.
    Raises:
        UserError: If a file is damaged, cannot be opened, or lacks columns that every version has written.
    """
    for path in files_of(folder)[:: -1 if newest_first else 1]:
        try:
            with closing(sqlite3.connect(path.absolute().as_uri() + "?mode=ro", uri=True, timeout=_WAIT_SECONDS)) as database:
                yield from _rows(path, database, columns, "DESC" if newest_first else "ASC")
        except sqlite3.DatabaseError as error:
            raise UserError(f"{path}: cannot be read as an inspection log ({error}); move it out of the log's folder to go on") from None


def _rows(path: Path, database: sqlite3.Connection, columns: tuple[str, ...], order: str) -> Iterator[dict[str, Any]]:
    there = _columns_of(database)
    if not there:  # begun by somebody who has not come to write yet
        return
    # A column that came later may hold NULL (SQLite adds no other); without one of the first the file is somebody else's.
    lacking = [key for key in columns if key not in there and COLUMNS.get(key, "").endswith("NOT NULL")]
    if lacking:
        raise UserError(f"{path}: has no column {', '.join(lacking)}: it is of no version of tsernet up to this one; move it away to go on")
    selected = ", ".join(key if key in there else f"NULL AS {key}" for key in columns)
    for row in database.execute(f"SELECT {selected} FROM inspections ORDER BY id {order}"):
        yield dict(zip(columns, row, strict=True))


def _columns_of(database: sqlite3.Connection) -> set[str]:
    return {str(row[1]) for row in database.execute("PRAGMA table_info(inspections)")}


def _thumbnail(found: Inspection, side: int) -> bytes | None:
    if not side:
        return None
    image = Image.fromarray(found.pixels)
    image.thumbnail((side, side))
    stream = io.BytesIO()
    image.save(stream, format="JPEG", quality=80)
    return stream.getvalue()
