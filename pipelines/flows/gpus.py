"""Which GPU a training gets where a worker sees several."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock

from tsernet.locks import give_back, lock_file, lock_folder, try_to_take, visible_gpus

_SECONDS_BETWEEN_TRIES = 1.0


@contextmanager
def reserve_gpu(wanted: int) -> Iterator[dict[str, str]]:
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
    name, lock = _first_free(visible)
    try:
        yield {"CUDA_VISIBLE_DEVICES": name}
    finally:
        give_back(lock)


def _first_free(visible: list[str]) -> tuple[str, FileLock]:
    while True:
        for name in visible:
            # Beside the trainings' own locks (cuda-0), which hold a device by the name that the training sees.
            lock = FileLock(lock_file(lock_folder(), f"gpu-{name}"), thread_local=False)
            if try_to_take(lock, 0):
                return name, lock
        time.sleep(_SECONDS_BETWEEN_TRIES)
