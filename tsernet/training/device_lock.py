"""A file lock on a device, so that two trainings never share one."""

from __future__ import annotations

import getpass
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tsernet.locks import lock_file

_SECONDS_BETWEEN_WORDS = 30.0


@contextmanager
def device_lock(device: str, purpose: str) -> Iterator[None]:
    """Hold the device for the length of the block, waiting for whoever holds it and saying who that is.

    The system frees the lock when its holder dies, by SIGKILL too.

    Args:
        device: Such as `cpu`, `cuda-0` or `cuda-MIG-GPU-…/1/0`.
        purpose: What for, shown to those who wait.
    """
    folder = Path(os.environ.get("TSERNET_LOCKS", Path(tempfile.gettempdir()) / f"tsernet-locks-{getpass.getuser()}"))
    path = lock_file(folder, device)
    lock, holder = FileLock(path), path.with_suffix(".json")
    patience = 0.2
    while not _acquired(lock, patience):
        print(f"waiting for the device {device}, held by {_describe(holder)}", file=sys.stderr, flush=True)
        patience = _SECONDS_BETWEEN_WORDS
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "purpose": purpose, "since": time.strftime("%F %T")}), encoding="utf-8")
        yield
    finally:
        lock.release()


def _acquired(lock: FileLock, seconds: float) -> bool:
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        return False
    return True


def _describe(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {who['pid']} ({who['purpose']}) since {who['since']}"
    except (OSError, ValueError, KeyError):
        # The holder has the lock and has not written who it is yet.
        return "another process"
