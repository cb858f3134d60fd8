"""Where the tracking store lies, and the repository that everything local belongs to."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from pipelines.git import decode, run_git

EXPERIMENT = "tsernet"
_DVC_WORKSPACES = (".dvc", "tmp", "exps")


def repository_root(start: Path | None = None) -> Path:
    """Find the person's own repository, also from a workspace that DVC or a flow has made for one execution.

    A run that logs into a workspace's own database would be lost with the workspace.

    Args:
        start: Any folder inside; the working directory if not given.
    Returns:
        Absolute. The repository that holds `.dvc/tmp/exps/…` for DVC's temporary experiments, the main working tree for a git
        worktree, the top of a git repository, else `start` itself.
    Raises:
        UserError: If git refuses the repository because another user owns it: another root is never guessed.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if folder.parts[-3:] == _DVC_WORKSPACES:
            return repository_root(folder.parents[2])
    common = _git(start, "rev-parse", "--path-format=absolute", "--git-common-dir")
    if common and Path(common).name == ".git":
        return Path(common).parent
    top = _git(start, "rev-parse", "--show-toplevel")
    return Path(top) if top else start


def tracking_uri(root: Path | None = None) -> str:
    """Say where runs and models are recorded: MLFLOW_TRACKING_URI, else mlflow.db at the repository root.

    Args:
        root: A folder of the repository; the working directory if not given.
    """
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{repository_root(root) / 'mlflow.db'}"


def is_anything_tracked(uri: str | None = None) -> bool:
    """Say whether there is a tracking store: a server or database that was named, or the repository's own database."""
    uri = uri or tracking_uri()
    return not uri.startswith("sqlite:///") or Path(uri.removeprefix("sqlite:///")).is_file()


def artifact_location(uri: str, root: Path) -> str | None:
    """Say where a new experiment's artifacts go: a server decides for itself; a database gets an absolute folder beside it."""
    if urlsplit(uri).scheme in ("http", "https"):
        return None
    beside = Path(uri.removeprefix("sqlite:///")).resolve().parent if uri.startswith("sqlite:///") else root
    return (beside / "mlartifacts").as_uri()


def local_state(root: Path | None = None) -> Path:
    """Name the folder for what waits locally: spools and locks; never git's nor DVC's."""
    return repository_root(root) / ".tsernet"


def _git(folder: Path, *arguments: str) -> str:
    """Ask git; empty where it has no answer (no repository, or no git at all)."""
    try:
        answer = run_git(folder, *arguments)
    except FileNotFoundError:
        return ""
    return decode(answer.stdout).strip() if answer.returncode == 0 else ""
