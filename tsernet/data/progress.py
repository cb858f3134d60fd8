"""Work over many images in parallel, with a bar on stderr."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tsernet.devices import available_cores

Item = TypeVar("Item")
Result = TypeVar("Result")

_CHUNK = 8
_WORTH_A_PROCESS = 64


def in_parallel(work: Callable[[Item], Result], items: Sequence[Item], label: str) -> Iterator[Result]:
    """Do `work` on every item over all cores, giving the results in the items' order.

    Items go out in waves, so that memory does not grow with their number.

    Args:
        work: A function that can be pickled.
        items: What it takes.
        label: What the progress bar says.
    """
    with _bar() as bar:
        task = bar.add_task(label, total=len(items))
        for result in over_all_cores(work, items):
            bar.advance(task)
            yield result


def over_all_cores(work: Callable[[Item], Result], items: Sequence[Item]) -> Generator[Result, None, None]:
    """Do what `in_parallel` does, without a bar; once it has ended, by an error too, nothing works on any more."""
    cores = available_cores()
    if cores == 1 or len(items) < _WORTH_A_PROCESS:
        yield from map(work, items)
        return
    wave = cores * _CHUNK * 16
    # Not fork: the caller may have threads (the bar is one), and a fork could copy a held lock.
    with ProcessPoolExecutor(cores, mp_context=multiprocessing.get_context("forkserver")) as pool:
        for start in range(0, len(items), wave):
            yield from pool.map(work, items[start : start + wave], chunksize=_CHUNK)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
