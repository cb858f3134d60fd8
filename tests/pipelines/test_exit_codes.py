"""What ends a process in one line, and what keeps its traceback."""

from __future__ import annotations

import errno
from pathlib import Path
from unittest.mock import Mock

import pytest
from PIL import Image

from pipelines.cli import main
from pipelines.exit_codes import ending_in_one_line
from tsernet.errors import CheckError, StoppedError, UserError


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UserError("size: 0, expected 1"), 2, "error: size: 0, expected 1"),
        (CheckError("no gain"), 1, "error: no gain"),
        (PermissionError(errno.EACCES, "Permission denied", "/mill/maps"), 2, "error: /mill/maps: cannot be used, Permission denied"),
        (
            NotADirectoryError(errno.ENOTDIR, "Not a directory", "notes.txt/maps"),
            2,
            "error: notes.txt/maps: cannot be used, Not a directory",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "error: a file: cannot be written, No space left on device"),
        (KeyboardInterrupt(), 130, "error: stopped by SIGINT"),
    ],
)
def test_a_mistake_or_a_place_that_refuses_files_is_one_line(
    capsys: pytest.CaptureFixture[str], error: BaseException, code: int, line: str
) -> None:
    with pytest.raises(SystemExit) as ended, ending_in_one_line():
        raise error
    assert ended.value.code == code
    said = capsys.readouterr().err
    assert said.startswith(line)
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    "error",
    [
        KeyError("weights"),
        FileNotFoundError(errno.ENOENT, "No such file or directory", "page.html"),
        ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"),
        PermissionError(errno.EPERM, "Operation not permitted"),  # a signal to another user's process, say
    ],
)
def test_what_may_be_a_mistake_of_ours_keeps_its_traceback(error: Exception) -> None:
    with pytest.raises(type(error)), ending_in_one_line():
        raise error


def test_a_folder_below_a_file_is_one_line_of_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "maps").mkdir()
    Image.new("L", (8, 8)).save(tmp_path / "maps/a.png")
    (tmp_path / "notes.txt").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["tsernet", "annotations", "maps", "--format", "labelme", "--out", "notes.txt/sub"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].startswith("error: notes.txt/")


@pytest.mark.parametrize(
    ("stop", "code", "line"),
    [(KeyboardInterrupt(), 130, "error: stopped by SIGINT"), (StoppedError(15, "stopped, go on"), 143, "error: stopped, go on")],
)
def test_a_command_that_is_told_to_stop_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stop: KeyboardInterrupt, code: int, line: str
) -> None:
    """Typer makes a silent 130 of both."""
    monkeypatch.setattr("pipelines.commands.predict.list_images", Mock(side_effect=stop))
    monkeypatch.setattr("sys.argv", ["tsernet", "predict", "images", "--out", "maps"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    assert capsys.readouterr().err.splitlines() == [line]
