"""Which execution of the pipeline this process belongs to, so that its stages share one parent run."""

from __future__ import annotations

import hashlib
import os
import socket
from pathlib import Path

import psutil


def pipeline_run_id(workspace: Path) -> str:
    """Name this execution: TSERNET_EXECUTION, else the `dvc` process that started the stage, else this process.

    A queue worker of DVC runs many experiments, each in a folder of its own: so the folder is part of the name.

    Args:
        workspace: The working directory of the stage.
    """
    given = os.environ.get("TSERNET_EXECUTION")
    if given:
        return given
    owner = dvc_process() or psutil.Process()
    place = hashlib.sha256(str(workspace.resolve()).encode()).hexdigest()[:8]
    return f"{socket.gethostname()}-{owner.pid}-{owner.create_time():.2f}-{place}"


def dvc_process() -> psutil.Process | None:
    """Find the outermost `dvc` process that this one belongs to; None if it was not started by DVC."""
    return next((ancestor for ancestor in reversed(psutil.Process().parents()) if _is_dvc(ancestor)), None)


def _is_dvc(process: psutil.Process) -> bool:
    """Recognise `dvc …`, `python …/bin/dvc …` and `python -m dvc …`."""
    try:
        command = process.cmdline()[:4]
    except psutil.Error:  # it has ended, or is another user's: not ours
        return False
    return any(Path(word).name == "dvc" for word in command[:2]) or command[1:3] == ["-m", "dvc"]
