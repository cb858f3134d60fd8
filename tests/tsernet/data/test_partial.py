"""What a killed process leaves in the making is taken over by the next one, and what a living one has is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tsernet.data.atomic import write_whole
from tsernet.data.partial import staging_folder, whole_file

# In processes of their own, since the system's locks end with their holder.
_KILLED = """
import os, signal
from pathlib import Path
from tsernet.data.partial import staging_folder, whole_file
with {call}(Path("out.png")) as own:
    {write}
    os.kill(os.getpid(), signal.SIGKILL)
"""
_WRITE_FILE = 'own.write_bytes(b"half of it, and longer than what comes next")'
_WRITE_FOLDER = '(own / "images").mkdir(); (own / "images/a.png").write_bytes(b"1")'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _write_half(path: Path) -> None:
    path.write_text("half")
    raise KeyboardInterrupt


def _kill_within(call: str, write: str) -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED.format(call=call, write=write)], check=False)
    assert killed.returncode == -9


def test_a_file_that_a_killed_process_has_left_becomes_the_next_ones(folder: Path) -> None:
    for _ in range(2):
        _kill_within("whole_file", _WRITE_FILE)
        assert _names(folder) == ["out.png.partial"]
    write_whole(folder / "out.png", "whole")
    assert _names(folder) == ["out.png"]
    assert (folder / "out.png").read_text() == "whole"


def test_a_folder_that_a_killed_process_has_left_becomes_the_next_ones(folder: Path) -> None:
    for _ in range(2):
        _kill_within("staging_folder", _WRITE_FOLDER)
        assert _names(folder) == [".out.png.partial"]
    with staging_folder(folder / "out.png") as own:
        assert _names(own) == []
        (own / "b").write_text("b")
        own.rename(folder / "out.png")
    assert _names(folder) == ["out.png"]


def test_who_writes_at_the_same_time_has_a_file_and_a_folder_of_its_own(folder: Path) -> None:
    with whole_file(folder / "a") as first:
        first.write_text("first")
        write_whole(folder / "a", "second")
        assert (folder / "a").read_text() == "second"
        assert first.read_text() == "first"
    assert (folder / "a").read_text() == "first"
    with staging_folder(folder / "b") as one, staging_folder(folder / "b") as other:
        (one / "x").write_text("x")
        assert _names(other) == []
    assert _names(folder) == ["a"]


def test_whoever_locks_what_has_become_the_target_meanwhile_leaves_it_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened while another had it, locked once that one was done: it is the finished file."""
    import fcntl

    def overtaken(handle: int, operation: int) -> None:
        monkeypatch.undo()
        (folder / "a.partial").rename(folder / "a")
        fcntl.flock(handle, operation)

    (folder / "a.partial").write_text("finished")
    monkeypatch.setattr(fcntl, "flock", overtaken)
    with whole_file(folder / "a") as own:
        own.write_text("next")
        assert (folder / "a").read_text() == "finished"
    assert (folder / "a").read_text() == "next"


@pytest.mark.parametrize("is_suffix_kept", [False, True])
def test_nothing_stays_of_what_fails_or_is_no_place_for_a_file(folder: Path, is_suffix_kept: bool) -> None:
    with pytest.raises(KeyboardInterrupt), whole_file(folder / "a.npz", is_suffix_kept=is_suffix_kept) as own:
        _write_half(own)
    assert own.suffix == (".npz" if is_suffix_kept else ".partial")
    (folder / "taken").mkdir()
    with pytest.raises(IsADirectoryError), whole_file(folder / "taken", is_suffix_kept=is_suffix_kept) as own:
        own.write_text("whole")
    with pytest.raises(KeyboardInterrupt), staging_folder(folder / "new") as own:
        _write_half(own / "a")
    assert _names(folder) == ["taken"]


def test_a_link_in_the_place_of_what_is_made_is_not_followed(folder: Path) -> None:
    (folder / "mine").write_text("mine")
    (folder / "a.partial").symlink_to(folder / "mine")
    write_whole(folder / "a", "whole")
    assert ((folder / "mine").read_text(), (folder / "a").read_text()) == ("mine", "whole")
