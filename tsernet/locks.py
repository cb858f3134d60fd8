"""Which GPUs there are and where the file locks on devices lie; apart from `tsernet.training`: a flow must not import torch."""

from __future__ import annotations

import getpass
import os
import tempfile
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout


def visible_gpus() -> list[str]:
    """List what CUDA_VISIBLE_DEVICES names; empty where it is not set, and all GPUs are seen."""
    return [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]


def lock_file(folder: Path, device: str) -> Path:
    """Name the file that locks a device, and make its folder; the name of a MIG slice (`MIG-GPU-…/1/0`) holds slashes."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{device.replace('/', '-')}.lock"


def lock_folder() -> Path:
    """Say where locks lie: $TSERNET_LOCKS, else one folder a user for the whole machine, which is there while a lock is held."""
    named = os.environ.get("TSERNET_LOCKS")
    return Path(named) if named else _usual_folder()


def try_to_take(lock: FileLock, seconds: float) -> bool:
    """Take a lock if it becomes free in time."""
    try:
        lock.acquire(timeout=seconds)
    except (Timeout, FileNotFoundError):  # not found: whoever gave it back has just removed the folder
        return False
    return True


def give_back(lock: FileLock) -> None:
    """Free a lock and leave no file behind.

    Removed while it is held, and so by one process at a time; whoever waits with the removed file open sees that it has no name any
    more and takes a new one (filelock does).
    """
    path = Path(lock.lock_file)
    path.unlink(missing_ok=True)
    lock.release()
    if path.parent == _usual_folder():
        with suppress(OSError):  # other locks lie there
            path.parent.rmdir()


def sweep_locks() -> None:
    """Remove the locks that killed processes have left: those that nobody holds."""
    for path in lock_folder().glob("*.lock"):
        if try_to_take(lock := FileLock(path), 0):
            path.with_suffix(".json").unlink(missing_ok=True)
            give_back(lock)


def _usual_folder() -> Path:
    return Path(tempfile.gettempdir()) / f"tsernet-locks-{getpass.getuser()}"
