"""Git as this project calls it: no hooks of the user's, patches as bytes, and no root that is guessed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from pipelines.flows.workspace.worktree import create_workspace, find_repository
from pipelines.git import run_git
from pipelines.registry.rebuild import _checked_out
from pipelines.services.doctor import run_checks
from pipelines.tracking.location import repository_root
from pipelines.tracking.provenance import source_files
from tsernet.errors import UserError

LINES = b"one\r\ntwo\r\nthree\r\n"


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit that holds a file of CRLF lines."""
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "-q")
    (root / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
    (root / "notes.txt").write_bytes(LINES)
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    monkeypatch.chdir(root)
    monkeypatch.delenv("TSERNET_REPOSITORY", raising=False)
    return root


def test_a_hook_of_the_users_does_not_stop_a_worktree_of_ours(repository: Path, tmp_path: Path) -> None:
    hook = repository / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\ntouch ran\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    with _checked_out(repository, "HEAD", tmp_path / "tree") as tree:
        assert (tree / "notes.txt").read_bytes() == LINES
        assert not (tree / "ran").exists()
    assert not (tmp_path / "tree").exists()
    tree = create_workspace(repository, "one", "HEAD")
    assert (tree / "notes.txt").is_file()
    assert not (tree / "ran").exists()


def test_a_patch_of_crlf_lines_applies_to_the_same_bytes(repository: Path, tmp_path: Path) -> None:
    changed = LINES.replace(b"two", b"2")
    (repository / "notes.txt").write_bytes(changed)
    patch = next(path for path in source_files(repository, tmp_path) if path.suffix == ".patch")
    with _checked_out(repository, "HEAD", tmp_path / "tree") as tree:
        applied = run_git(tree, "apply", str(patch))
        assert applied.returncode == 0, applied.stderr
        assert (tree / "notes.txt").read_bytes() == changed


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder to another user")
def test_a_repository_of_another_user_is_named_with_the_line_that_mends_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(repository.parent))  # no safe.directory of the machine's own
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    for path in (repository, repository / ".git"):
        shutil.chown(path, 4242)
    line = f"git config --global --add safe.directory {repository}"
    for find in (find_repository, repository_root):
        with pytest.raises(UserError, match="belongs to another user") as raised:
            find()
        assert str(raised.value).endswith(line)
    (finding,) = run_checks()
    assert (finding.good, finding.mend) == (False, line)
    subprocess.run(line.split(), check=True)
    assert find_repository() == repository_root() == repository


def test_outside_of_a_repository_the_line_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TSERNET_REPOSITORY", raising=False)
    with pytest.raises(UserError, match=r"lies in no git repository; cd into the pipeline's, or export TSERNET_REPOSITORY=FOLDER"):
        find_repository()
