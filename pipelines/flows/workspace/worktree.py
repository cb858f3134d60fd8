"""A flow run's own copy of the repository: a git worktree that shares the person's DVC cache and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipelines.flows.settings import Settings
from pipelines.flows.stage_process import dvc, stage_environment
from pipelines.git import decode, run_git
from pipelines.redaction import make_redactor
from tsernet.config import Params, parse_params
from tsernet.data.settling import find_unsettled
from tsernet.errors import UserError


def find_repository() -> Path:
    """Name the person's repository: $TSERNET_REPOSITORY, else the git working tree around the working directory.

    Raises:
        UserError: If there is no git repository with a dvc.yaml.
    """
    start = Path(os.environ.get("TSERNET_REPOSITORY") or Path.cwd())
    nowhere = f"{start}: lies in no git repository; cd into the pipeline's, or export TSERNET_REPOSITORY=FOLDER"
    top = Path(_git(start, "rev-parse", "--show-toplevel", blame=nowhere)) if start.is_dir() else start
    if not (top / "dvc.yaml").is_file():
        raise UserError(f"{top}: no dvc.yaml there; TSERNET_REPOSITORY or the working directory must be the pipeline's repository")
    return top


def workspace_path(repository: Path, run_id: str) -> Path:
    """Say where the workspace of a flow run lies: where neither git nor DVC looks."""
    return repository / ".tsernet" / "workspaces" / run_id


def create_workspace(repository: Path, run_id: str, revision: str) -> Path:
    """Check a revision out into a fresh git worktree that uses the repository's DVC cache and remotes.

    Args:
        repository: The person's repository; its files are not touched.
        run_id: Names the workspace; one left there by an earlier try is removed.
        revision: Commit, tag or branch.
    Raises:
        UserError: If the repository does not know the revision.
    """
    path = workspace_path(repository, run_id)
    remove_workspace(repository, path)
    commit = _git(
        repository,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{revision}^{{commit}}",
        blame=f"revision {revision!r}: not known",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    _git(repository, "worktree", "add", "--detach", str(path), commit)
    local = repository / ".dvc" / "config.local"
    if local.is_file():
        shutil.copy(local, path / ".dvc" / "config.local")
    _share_cache(repository, path)
    return path


def _share_cache(repository: Path, workspace: Path) -> None:
    """Do what `dvc cache dir` there and `dvc cache dir --local PATH` here do, without a second for two processes."""
    from dvc.config import Config, ConfigError

    try:
        cache = Config(str(repository / ".dvc"))["cache"].get("dir") or ".dvc/cache"
        with Config(str(workspace / ".dvc")).edit("local") as local:
            local["cache"]["dir"] = str((repository / cache).resolve())
    except ConfigError as error:
        raise UserError(make_redactor(stage_environment({}))(f"DVC's settings in {repository}: {' '.join(str(error).split())}")) from None


def remove_workspace(repository: Path, path: Path) -> None:
    """Remove a workspace and git's note of it; nothing happens if there is none."""
    if path.exists():
        shutil.rmtree(path)
    _git(repository, "worktree", "prune")


def write_params(workspace: Path, repository: Path, settings: Settings) -> Params:
    """Put the preset with the chosen values into the workspace's params.yaml.

    Raises:
        UserError: If the result is not valid; the line names the key.
    """
    source = workspace / ("params.yaml" if settings.preset == "committed" else f"presets/{settings.preset}.yaml")
    if not source.is_file():
        raise UserError(f"{source.relative_to(workspace)}: the revision {settings.revision!r} has no such file")
    yaml = YAML()
    tree = yaml.load(source.read_text(encoding="utf-8"))
    # A revision of before `register.variant` registers the full network.
    for key, value in settings.overrides(tree["register"].get("variant", "full")).items():
        _set(tree, key, value)
    _point_to_person(tree, workspace, repository)
    if waiting := _unsettled(tree, settings.settle_seconds):
        tree["dataset"]["exclude"] = [*tree["dataset"].get("exclude", []), *waiting]
    return _write_tree(tree, workspace)


def write_changed_params(workspace: Path, repository: Path, text: str, changes: Mapping[str, Any]) -> Params:
    """Put params with some keys set to other values into the workspace's params.yaml.

    Args:
        text: The params as YAML.
        changes: Values by key, whose parts are joined by dots.
    Raises:
        UserError: If the result is not valid; the line names the key.
    """
    tree = YAML().load(text)
    for key, value in changes.items():
        _set(tree, key, value)
    _point_to_person(tree, workspace, repository)
    return _write_tree(tree, workspace)


def _write_tree(tree: Any, workspace: Path) -> Params:
    """Write the file, and validate it as plain values: ruamel's round-trip types are not what the strict schema expects."""
    target = workspace / "params.yaml"
    with target.open("w", encoding="utf-8") as stream:
        YAML().dump(tree, stream)
    plain = YAML(typ="safe", pure=True).load(target.read_text(encoding="utf-8"))
    return parse_params(plain, "params.yaml")


def save_experiment(workspace: Path, name: str, *stages: str) -> str:
    """Save the workspace as a DVC experiment, which the person's repository then lists.

    Args:
        workspace: Where the stages ran.
        name: What to call it; characters that git refuses become `-`.
        stages: Those whose outputs are kept; all of the graph, which must have run, if none is given.
    Returns:
        The name it got; with a number where that name was taken.
    """
    wanted = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "retrain"
    taken = {line.rsplit("/", 1)[-1] for line in _git(workspace, "for-each-ref", "--format=%(refname)", "refs/exps").splitlines()}
    free, number = wanted, 2
    while free in taken:
        free, number = f"{wanted}-{number}", number + 1
    _run(dvc("exp", "save", "--quiet", "--name", free, *stages), workspace)
    return free


def run_environment(repository: Path, run_id: str) -> dict[str, str]:
    """Make what the stages of one flow run share: one execution, the person's records and the person's checkpoints."""
    uri = os.environ.get("MLFLOW_TRACKING_URI") or "sqlite:///mlflow.db"
    return {
        "TSERNET_EXECUTION": run_id,
        "TSERNET_FLOW_RUN": run_id,
        "TSERNET_CHECKPOINTS": str(repository / ".tsernet" / "checkpoints"),
        "MLFLOW_TRACKING_URI": _absolute_uri(uri, repository),
    }


def _absolute_uri(uri: str, repository: Path) -> str:
    path = uri.removeprefix("sqlite:///")
    return uri if path == uri or Path(path).is_absolute() else f"sqlite:///{repository / path}"


def _set(tree: Any, dotted: str, value: Any) -> None:
    *sections, last = dotted.split(".")
    for section in sections:
        tree = tree[section]
    tree[last] = value


def _point_to_person(tree: Any, workspace: Path, repository: Path) -> None:
    """Make the paths of a person's own files absolute: those that git does not track are not in the workspace."""
    if tree["dataset"]["source"] == "folder":
        tree["dataset"]["folder"] = str(repository / tree["dataset"]["folder"])
    if tree["split"]["method"] == "files":
        tree["split"]["files"] = str(repository / tree["split"]["files"])
    for key in ("encoder_weights", "start_from"):
        tree["model"][key] = _persons(tree["model"][key], workspace, repository)
    published: Mapping[str, str] = tree["compare"]["published"] or {}
    for name, folder in published.items():
        tree["compare"]["published"][name] = _persons(folder, workspace, repository)


def _unsettled(tree: Any, seconds: int) -> list[str]:
    """Name the samples that are still being copied into the person's folder. A folder that is not there is for acquire to say."""
    dataset = tree["dataset"]
    if dataset["source"] != "folder" or not Path(dataset["folder"]).is_dir():
        return []
    return find_unsettled(Path(dataset["folder"]), seconds, (dataset.get("masks") or {}).get("suffix", ""))


def _persons(value: str, workspace: Path, repository: Path) -> str:
    own = repository / value
    return str(own) if own.exists() and not (workspace / value).exists() else value


def _git(folder: Path, *arguments: str, blame: str = "") -> str:
    environment = stage_environment({})
    done = run_git(folder, *arguments, environment=environment)
    if done.returncode != 0:
        raise UserError(
            blame or make_redactor(environment)(f"git {' '.join(arguments)} in {folder}: {' '.join(decode(done.stderr).split())}")
        )
    return decode(done.stdout).strip()


def _run(command: list[str], folder: Path, blame: str = "") -> str:
    """Run a quick command and return what it printed."""
    environment = stage_environment({})
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise UserError(blame or make_redactor(environment)(f"{' '.join(command)} in {folder}: {' '.join(done.stderr.split())}"))
    return done.stdout.strip()
