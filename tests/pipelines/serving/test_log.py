"""The inspection log: two writers, a day's end, a full disk."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from steel import png_of, steel

from pipelines.serving.inspecting import Wanted, inspect_image
from pipelines.serving.limits import Limits
from pipelines.serving.loaded import Usage, load
from pipelines.serving.log import COLUMNS, InspectionLog, LogSettings, files_of, read_log, row_of
from pipelines.serving.reading import Upload
from pipelines.serving.server import Served
from tsernet.errors import UserError

_ROWS = 300


@pytest.fixture(scope="module")
def inspected() -> tuple[Any, Any]:
    """A model, and what it found in an image."""
    model = load("shipped", Usage())
    return model, inspect_image(Upload("a.png", png_of(steel(64, 128))), model, Wanted(), Limits())


def test_two_writers_at_once_and_every_row_is_there(tmp_path: Path, inspected: tuple[Any, Any]) -> None:
    model, found = inspected

    def write(role: str) -> None:
        log = InspectionLog(LogSettings(tmp_path))
        for _ in range(_ROWS):
            log.add(found, role, model, "0" * 64)
        log.close()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, ("champion", "challenger")))
    rows = list(read_log(tmp_path, ("id", "role")))
    assert [sum(row["role"] == role for row in rows) for role in ("champion", "challenger")] == [_ROWS, _ROWS]


def test_writers_who_begin_a_day_at_once_all_write(tmp_path: Path, inspected: tuple[Any, Any]) -> None:
    model, found = inspected
    row = row_of(found, "champion", model, "0" * 64, datetime.now(UTC)) | {"thumbnail": None}
    days, writers = [f"2026-01-{day:02}" for day in range(1, 31)], 4
    midnight = Barrier(writers)

    def write(_: int) -> None:
        log = InspectionLog(LogSettings(tmp_path))
        for day in days:
            midnight.wait(timeout=60.0)
            log.write(row | {"at": f"{day}T00:00:00.000+00:00"})
        log.close()

    with ThreadPoolExecutor(writers) as threads:
        list(threads.map(write, range(writers)))
    assert Counter(logged["at"][:10] for logged in read_log(tmp_path, ("at",))) == dict.fromkeys(days, writers)


def test_old_days_go_and_other_files_stay(tmp_path: Path, inspected: tuple[Any, Any]) -> None:
    for name in ("inspections-2020-01-01.sqlite", "inspections-2020-01-02.sqlite", "inspections-2020-01-01.sqlite-wal", "mine.sqlite"):
        (tmp_path / name).touch()
    log = InspectionLog(LogSettings(tmp_path, days=2))
    log.add(inspected[1], "champion", inspected[0], "0" * 64)
    log.close()
    today = datetime.now(UTC).date().isoformat()
    assert [path.name for path in files_of(tmp_path)] == ["inspections-2020-01-02.sqlite", f"inspections-{today}.sqlite"]
    assert (tmp_path / "mine.sqlite").exists()
    assert not (tmp_path / "inspections-2020-01-01.sqlite-wal").exists()


def test_a_file_that_is_removed_or_moved_away_while_it_is_written_is_begun_again(tmp_path: Path, inspected: tuple[Any, Any]) -> None:
    model, found = inspected
    row, log = row_of(found, "champion", model, "0" * 64, datetime.now(UTC)) | {"thumbnail": None}, InspectionLog(LogSettings(tmp_path))
    log.write(row | {"name": "before"})
    (today,) = files_of(tmp_path)
    today.rename(tmp_path / "kept-elsewhere.sqlite")
    log.write(row | {"name": "moved"})
    today.unlink()
    log.write(row | {"name": "removed"})
    log.write(row | {"name": "after"})
    log.close()
    assert [one["name"] for one in read_log(tmp_path)] == ["removed", "after"]


def test_a_file_that_an_earlier_version_has_begun_goes_on(tmp_path: Path, inspected: tuple[Any, Any]) -> None:
    path = tmp_path / f"inspections-{datetime.now(UTC).date()}.sqlite"
    with closing(sqlite3.connect(path)) as database, database:
        before = ", ".join(f"{key} {kind.replace('NOT NULL', '')}" for key, kind in COLUMNS.items() if key != "features")
        database.execute(f"CREATE TABLE inspections (id INTEGER PRIMARY KEY, {before})")
        database.execute("INSERT INTO inspections (name) VALUES ('before')")
    assert list(read_log(tmp_path, ("name", "features"))) == [{"name": "before", "features": None}]
    log = InspectionLog(LogSettings(tmp_path))
    log.add(inspected[1], "champion", inspected[0], "0" * 64)
    log.close()
    after, first = read_log(tmp_path, ("name", "features"), newest_first=True)
    assert (first["name"], after["name"], len(after["features"])) == ("before", "a.png", 4 * 64)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("CREATE TABLE inspections (id INTEGER PRIMARY KEY, name TEXT)", "has no column clipped: it is of no version"),
        (None, "cannot be read as an inspection log .file is not a database.; move it"),
    ],
)
def test_a_file_that_is_no_log_is_named(tmp_path: Path, made: str | None, said: str) -> None:
    path = tmp_path / "inspections-2026-01-01.sqlite"
    if made:
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(made)
    else:
        path.write_bytes(bytes(range(256)) * 16)
    with pytest.raises(UserError, match=f"{path.name}: {said}"):
        list(read_log(tmp_path, ("name", "clipped", "features")))


def test_a_log_that_cannot_be_written_is_said_and_stops_nothing(
    running: Callable[..., Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with running(Served(model="shipped", port=0, log=LogSettings(tmp_path / "file"))) as client:
        assert client.post("/v1/inspect", files={"images": ("a.png", png_of(steel(64, 128)))}).status_code == 200
        health = client.get("/health").json()
        assert health["status"] == "degraded"
        assert "inspection log cannot be written" in health["problem"]
        assert "tsernet_log_failures_total 1.0" in client.get("/metrics").text
    assert f"): {tmp_path / 'file'}/inspections-" in capfd.readouterr().err
