"""A file lock on a device, so that two trainings never share one."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from tsernet.locks import give_back, lock_file, lock_folder, try_to_take

_SECONDS_BETWEEN_WORDS = 30.0


@contextmanager
def device_lock(device: str, purpose: str) -> Iterator[None]:
    """Hold the device for the length of the block, waiting for whoever holds it and saying who that is.

    The system frees the lock when its holder dies, by SIGKILL too.

    Args:
        device: Such as `cpu`, `cuda-0` or `cuda-MIG-GPU-…/1/0`.
        purpose: What for, shown to those who wait.
    """
    path = lock_file(lock_folder(), device)
    lock, holder = FileLock(path), path.with_suffix(".json")
    patience = 0.2
    while not try_to_take(lock, patience):
        print(f"waiting for the device {device}, held by {_describe(holder)}", file=sys.stderr, flush=True)
        patience = _SECONDS_BETWEEN_WORDS
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "purpose": purpose, "since": time.strftime("%F %T")}), encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        give_back(lock)


def _describe(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {who['pid']} ({who['purpose']}) since {who['since']}"
    except (OSError, ValueError, KeyError):
        # The holder has the lock and has not written who it is yet.
        return "another process"
