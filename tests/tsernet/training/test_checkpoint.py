"""Checkpoints: whole or not there, and never trusted without their digest."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tsernet.training.checkpoint import Checkpoint, load_newest, save_checkpoint


def checkpoint(step: int) -> Checkpoint:
    return Checkpoint(step, {"model.a": torch.full((64, 64), float(step))}, {"validation": {"1": {"val_mae": 0.1}}})


@pytest.fixture
def small_files() -> Iterator[None]:
    """Let no file grow beyond 4 kB, as on a full disk; Python ignores the signal that comes with it."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_the_newest_comes_back_and_only_the_last_are_kept(tmp_path: Path) -> None:
    for step in (1, 2, 10):
        save_checkpoint(tmp_path, checkpoint(step), keep=2)
    loaded = load_newest(tmp_path)
    assert loaded is not None
    assert loaded.step == 10
    assert torch.equal(loaded.tensors["model.a"], torch.full((64, 64), 10.0))
    assert loaded.values == {"validation": {"1": {"val_mae": 0.1}}}
    assert sorted(path.name[:13] for path in tmp_path.iterdir()) == ["step-00000002", "step-00000010"]


def test_a_damaged_newest_falls_back_to_the_one_before_with_a_warning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    save_checkpoint(tmp_path, checkpoint(1), keep=2)
    newest = save_checkpoint(tmp_path, checkpoint(2), keep=2)
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1
    newest.write_bytes(content)
    loaded = load_newest(tmp_path)
    assert loaded is not None
    assert loaded.step == 1
    assert f"{newest} is damaged" in capsys.readouterr().err


def test_none_is_found_where_none_is(tmp_path: Path) -> None:
    assert load_newest(tmp_path / "nowhere") is None


def test_a_full_disk_leaves_the_one_before_intact(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    save_checkpoint(tmp_path, checkpoint(1), keep=2)
    request.getfixturevalue("small_files")
    with pytest.raises(OSError, match=r"(?i)file too large|i/o"):
        save_checkpoint(tmp_path, checkpoint(2), keep=2)
    assert len(list(tmp_path.iterdir())) == 1
    loaded = load_newest(tmp_path)
    assert loaded is not None
    assert loaded.step == 1


def test_what_a_kill_in_the_middle_of_a_write_left_is_gone_after_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed:
        # As SIGKILL leaves it: the file is written, and nothing after that is done.
        killed.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        killed.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(KeyboardInterrupt):
            save_checkpoint(tmp_path, checkpoint(1), keep=2)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr("os.getpid", lambda: 1)  # another process goes on
    kept = save_checkpoint(tmp_path, checkpoint(2), keep=2)
    assert list(tmp_path.iterdir()) == [kept]
