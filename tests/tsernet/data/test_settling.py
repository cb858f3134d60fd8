"""Images that are still being copied wait; the others do not wait for them."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from tsernet.data import settling
from tsernet.data.prepare import prepare
from tsernet.data.settling import find_unsettled
from tsernet.data.sources.folder import copy_folder
from tsernet.images.masks import MaskRule


@pytest.fixture
def own(tmp_path: Path) -> Path:
    for room in ("images", "masks"):
        (tmp_path / "own" / room / "coil7").mkdir(parents=True)
        for name in ("a", "b", "coil7/c"):
            stem = f"{name}_mask" if room == "masks" else name
            Image.new("L", (32, 32)).save(tmp_path / "own" / room / f"{stem}.png")
    return tmp_path / "own"


def as_if_later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the clock stand later: the time at which a name was made cannot be set."""
    monkeypatch.setattr(settling.time, "time", lambda now=time.time: now() + seconds)


def test_files_that_were_just_written_wait_with_their_fellows(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_BETWEEN_LOOKS_SECONDS", 0.01)
    assert find_unsettled(own, 30, "_mask") == ["a", "b", "coil7/c"]
    as_if_later(monkeypatch, 31)
    assert find_unsettled(own, 30, "_mask") == []
    assert find_unsettled(own, 0, "_mask") == []


def test_a_copy_that_keeps_an_old_time_is_young_all_the_same(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_BETWEEN_LOOKS_SECONDS", 0.01)
    os.utime(own / "images/a.png", (0, 0))
    assert "a" in find_unsettled(own, 30, "_mask")


def test_a_file_that_grows_waits_whatever_its_time(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_BETWEEN_LOOKS_SECONDS", 0.3)
    as_if_later(monkeypatch, 100)

    def grow() -> None:
        with (own / "masks/b_mask.png").open("ab") as stream:
            stream.write(b"more")

    timer = threading.Timer(0.1, grow)
    timer.start()
    assert find_unsettled(own, 30, "_mask") == ["b"]
    timer.join()


def test_the_others_are_prepared_and_labels_of_what_waits_are_no_fault(own: Path, tmp_path: Path) -> None:
    (own / "labels.csv").write_text("name,class\na,patch\nb,patch\ncoil7/c,scratch\n", encoding="utf-8")
    (own / "images/b.png").write_bytes((own / "images/b.png").read_bytes()[:40])  # so far it has come
    (tmp_path / "raw").mkdir()

    copy_folder(own, tmp_path / "raw", exclude=["b"], mask_suffix="_mask")

    rows = prepare(tmp_path / "raw", tmp_path / "prepared", 3, 10_000, masks=MaskRule(suffix="_mask"), exclude=["b"])

    assert [(row.name, row.usable) for row in rows] == [("a", True), ("coil7/c", True)]
