"""Files that DVC was killed while writing: found, named, and mended by the line that is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.dvc_recovery import cut_off_files

LOCK = "schema: '2.0'\nstages:\n  one:\n    cmd: 'true'\n"
GRAPH = "stages:\n  one:\n    cmd: 'true'\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository of DVC's with one stage that has run."""
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    (tmp_path / ".dvc/config").touch()
    (tmp_path / ".dvc/tmp/rwlock").write_text("{}")
    (tmp_path / "dvc.yaml").write_text(GRAPH)
    (tmp_path / "dvc.lock").write_text(LOCK)
    return tmp_path


def _refused(repository: Path) -> bool:
    return subprocess.run([sys.executable, "-m", "dvc", "repro", "-q"], cwd=repository, capture_output=True).returncode != 0


def test_whole_files_are_left_alone(repository: Path) -> None:
    assert cut_off_files(repository) == {}
    for name in ("dvc.lock", ".dvc/tmp/rwlock"):
        (repository / name).unlink()
    assert cut_off_files(repository) == {}


@pytest.mark.parametrize("length", [0, len("schema: '2.0'\nstages:\n  one:\n")])
def test_what_dvc_refuses_is_named_and_the_line_mends_it(repository: Path, length: int) -> None:
    (repository / "dvc.lock").write_text(LOCK[:length])
    (repository / ".dvc/tmp/rwlock").write_text("")
    assert _refused(repository)
    found = cut_off_files(repository)
    assert found == {Path(".dvc/tmp/rwlock"): "rm .dvc/tmp/rwlock", Path("dvc.lock"): "rm dvc.lock"}
    subprocess.run(" && ".join(found.values()), shell=True, cwd=repository, check=True)
    assert not _refused(repository)


def test_a_committed_lock_comes_from_git(repository: Path) -> None:
    subprocess.run(["git", "add", "dvc.lock"], cwd=repository, check=True)
    (repository / "dvc.lock").write_text("")
    assert cut_off_files(repository) == {Path("dvc.lock"): "git checkout dvc.lock"}
