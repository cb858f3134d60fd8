"""What killed flow runs leave behind: workspaces, and now and then processes that work in them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import psutil
from filelock import FileLock

from pipelines.flows.workspace.worktree import remove_workspace, workspace_path
from pipelines.services.process_marks import end_processes
from tsernet.locks import sweep_locks

_PATIENCE_SECONDS = 8.0


def claim(repository: Path, run_id: str) -> None:
    """Note that this process works for the flow run, so that others can tell a living workspace from an orphan."""
    record = _record(repository, run_id)
    record.parent.mkdir(parents=True, exist_ok=True)
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps({"pid": os.getpid(), "started": psutil.Process().create_time()}), encoding="utf-8")
    partial.replace(record)


def release(repository: Path, run_id: str) -> None:
    """Remove the workspace and the note."""
    remove_workspace(repository, workspace_path(repository, run_id))
    _record(repository, run_id).unlink(missing_ok=True)


def find_orphans(repository: Path) -> list[str]:
    """List the flow runs whose process is gone and whose workspace or note still lies there."""
    folder = workspace_path(repository, "any").parent
    runs = {path.stem if path.suffix == ".json" else path.name for path in folder.glob("*") if path.suffix != ".partial"}
    return sorted(run_id for run_id in runs if not _owner_lives(_record(repository, run_id)))


def clean_orphans(repository: Path) -> list[str]:
    """End what still works in the workspaces of dead flow runs, and remove them.

    Returns:
        The ids of those flow runs.
    """
    lock = repository / ".tsernet" / "workspaces.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    sweep_locks()
    with FileLock(lock):
        orphans = find_orphans(repository)
        for run_id in orphans:
            _end_processes_in(workspace_path(repository, run_id))
            release(repository, run_id)
    return orphans


def _record(repository: Path, run_id: str) -> Path:
    path = workspace_path(repository, run_id)
    return path.with_name(f"{path.name}.json")


def _owner_lives(record: Path) -> bool:
    try:
        owner = json.loads(record.read_text(encoding="utf-8"))
        return bool(psutil.Process(owner["pid"]).create_time() == owner["started"])
    except (FileNotFoundError, psutil.NoSuchProcess):
        return False


def _end_processes_in(workspace: Path) -> None:
    """Wait for what ends by itself, as a guard with its stage does; then ask, then kill."""
    end_processes([process for process in psutil.process_iter() if _works_in(process, workspace)], _PATIENCE_SECONDS)


def _works_in(process: psutil.Process, workspace: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(workspace)
    except psutil.Error:
        return False  # gone, or another user's: not ours to end
