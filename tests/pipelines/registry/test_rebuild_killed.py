"""`tsernet models rebuild` that is killed: nothing of it goes on, and the next one removes what it left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import Mock

import psutil
import pytest
from mlflow.exceptions import MlflowException

from pipelines.git import decode, run_git
from pipelines.registry.rebuild import _checked_out, _restore_sources, _scratch
from tsernet.errors import UserError

_SLEEPS = """
import sys
from pathlib import Path
from pipelines.registry import rebuild
rebuild._DVC = (sys.executable, "-c", "import time; open('begun', 'w'); time.sleep(600)")
with rebuild._scratch(Path.cwd()) as scratch, rebuild._checked_out(Path.cwd(), "HEAD", scratch / "tree") as tree:
    rebuild._call(tree, [])
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one commit; temporary folders are made beside it."""
    root, temporary = tmp_path / "repository", tmp_path / "temporary"
    for folder in (root, temporary):
        folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    run_git(root, "init", "-q")
    assert run_git(root, "-c", "user.name=a", "-c", "user.email=a@a", "commit", "-q", "--allow-empty", "-m", "a").returncode == 0
    return root


def _trees(root: Path) -> list[str]:
    return decode(run_git(root, "worktree", "list").stdout).splitlines()[1:]


def _is_alive(one: psutil.Process) -> bool:
    return one.is_running() and one.status() != psutil.STATUS_ZOMBIE


def test_its_work_ends_with_it_and_the_next_one_removes_what_it_left(repository: Path) -> None:
    temporary = repository.parent / "temporary"
    rebuild = subprocess.Popen(
        [sys.executable, "-c", _SLEEPS], cwd=repository, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    )
    deadline = time.monotonic() + 120
    while not list(temporary.glob("*/tree/begun")):
        assert rebuild.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with _scratch(repository):  # another rebuild at the same time leaves it alone
        assert len(_trees(repository)) == 1
    below = psutil.Process(rebuild.pid).children(recursive=True)
    rebuild.send_signal(signal.SIGKILL)
    rebuild.wait()
    while any(_is_alive(one) for one in below):
        assert time.monotonic() < deadline, below
        time.sleep(0.05)
    assert len(_trees(repository)) == 1
    with _scratch(repository) as scratch, _checked_out(repository, "HEAD", scratch / "tree"):
        assert [path.name for path in temporary.iterdir() if path.name.startswith("tsernet-rebuild")] == [scratch.name]
        assert len(_trees(repository)) == 1
    assert _trees(repository) == []


_STOPPED = """
import sys
from types import SimpleNamespace
from pipelines.cli import main
from pipelines.commands import models
from pipelines.registry import rebuild
rebuild._DVC = (sys.executable, "-c", "import time; open('begun', 'w'); time.sleep(600)")
tags = {"mlflow.source.git.commit": "HEAD", "tsernet.variant": "full", "tsernet.seed": "0"}
models._resolve = lambda model: (None, SimpleNamespace(tags=tags, run_id="1", name="tsernet", number=1))
rebuild._restore_sources = rebuild._restore_data = lambda *_: None
sys.argv = ["tsernet", "models", "rebuild", "models:/tsernet/1"]
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_one_that_is_told_to_stop_says_so_in_one_line_and_leaves_nothing(repository: Path, number: signal.Signals, code: int) -> None:
    temporary = repository.parent / "temporary"
    rebuild = subprocess.Popen(
        [sys.executable, "-c", _STOPPED],
        cwd=repository,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not list(temporary.glob("*/tree/begun")):
        assert rebuild.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    rebuild.send_signal(number)
    _, said = rebuild.communicate(timeout=60)
    assert rebuild.returncode == code
    assert said.splitlines()[-1].startswith(f"error: the rebuild was stopped by {number.name}; ")
    assert "most recent call last" not in said.partition("error:")[2]
    assert not list(temporary.glob("tsernet-rebuild-*"))
    assert _trees(repository) == []


def test_a_run_whose_files_are_gone_is_named(tmp_path: Path) -> None:
    client = Mock()
    client.download_artifacts.side_effect = MlflowException("Failed to download artifacts from path 'source'")
    version = SimpleNamespace(run_id="ab12", name="tsernet", number=1)
    with pytest.raises(UserError, match=r"^models:/tsernet/1: what its run ab12 recorded of its source cannot be fetched \(Failed"):
        _restore_sources(SimpleNamespace(client=client), version, tmp_path, tmp_path)  # type: ignore[arg-type]
