"""Where runs are recorded, from wherever a stage is run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pipelines.model_resolver import default_model
from pipelines.registry import Registry, resolve, settle
from pipelines.tracking.location import artifact_location, repository_root, tracking_uri
from tsernet.errors import UserError


def test_the_default_is_the_database_at_the_repository_root(repository: Path) -> None:
    (repository / "deep" / "er").mkdir(parents=True)
    assert tracking_uri(repository / "deep" / "er") == f"sqlite:///{repository / 'mlflow.db'}"


def test_the_environment_decides(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    assert tracking_uri() == "http://127.0.0.1:1"


def test_a_git_worktree_belongs_to_the_main_working_tree(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run(["git", *identity, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    tree = tmp_path_factory.mktemp("elsewhere") / "tree"
    subprocess.run(["git", "worktree", "add", "-q", str(tree)], check=True, capture_output=True)
    assert repository_root(tree) == repository


def test_a_temporary_experiment_of_dvc_belongs_to_its_repository(repository: Path) -> None:
    workspace = repository / ".dvc" / "tmp" / "exps" / "standalone" / "tmpabc"
    workspace.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(workspace)], check=True)
    assert repository_root(workspace) == repository


def test_without_git_it_is_the_folder_itself(tmp_path: Path) -> None:
    assert repository_root(tmp_path) == tmp_path


def test_artifacts_lie_beside_a_database_and_where_a_server_says() -> None:
    assert artifact_location("sqlite:////data/mlflow.db", Path("/repo")) == "file:///data/mlartifacts"
    assert artifact_location("postgresql://user:secret@host/db", Path("/repo")) == "file:///repo/mlartifacts"
    assert artifact_location("http://host:5000", Path("/repo")) is None


def test_looking_into_a_registry_that_is_not_there_does_not_make_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else `tsernet models list` in a folder of images would make `tsernet predict` there ask for a champion from then on."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    registry = Registry()
    assert (registry.versions(), registry.alias("champion"), settle(registry).champion) == ([], "", "")
    with pytest.raises(UserError, match="no such model; the aliases of tsernet are: none"):
        resolve("models:/tsernet@champion")
    assert not list(tmp_path.iterdir())
    assert default_model() == "shipped"
