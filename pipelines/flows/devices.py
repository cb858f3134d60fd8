"""Which GPU a training gets where a worker sees several."""

from __future__ import annotations

import getpass
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from tsernet.locks import lock_file, visible_gpus

_SECONDS_BETWEEN_TRIES = 1.0


@contextmanager
def own_gpu(wanted: int) -> Iterator[dict[str, str]]:
    """Take one of the worker's GPUs for the length of the block; the system frees it when its holder dies.

    Args:
        wanted: How many devices a training uses; with more than one, all that the worker sees stay visible.
    Returns:
        What a stage's environment gets: CUDA_VISIBLE_DEVICES with one device, or nothing if the worker names fewer than two.
    """
    visible = visible_gpus()
    if wanted > 1 or len(visible) < 2:
        yield {}
        return
    folder = Path(tempfile.gettempdir()) / f"tsernet-gpus-{getpass.getuser()}"
    name, lock = _first_free(visible, folder)
    try:
        yield {"CUDA_VISIBLE_DEVICES": name}
    finally:
        lock.release()


def _first_free(visible: list[str], folder: Path) -> tuple[str, FileLock]:
    while True:
        for name in visible:
            lock = FileLock(lock_file(folder, name), thread_local=False)
            try:
                lock.acquire(timeout=0)
            except Timeout:
                continue
            return name, lock
        time.sleep(_SECONDS_BETWEEN_TRIES)
