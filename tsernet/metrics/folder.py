"""A folder of maps against a folder of masks, on all cores."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from tsernet.devices import available_cores
from tsernet.errors import CheckError, UserError
from tsernet.images.formats import MAX_PIXELS
from tsernet.images.masks import MaskRule
from tsernet.metrics.files import list_images, read_pair
from tsernet.metrics.measures import Measured, measure_map
from tsernet.metrics.scores import Scores, collect

Progress = Callable[[int, int], None]
_CHUNK = 12
_NAMED = 20


class _Job(NamedTuple):
    name: str
    saliency: Path
    mask: Path
    max_pixels: int | None
    rule: MaskRule | None


def score_folder(
    maps: Path | str,
    masks: Path | str,
    names: Sequence[str] | None = None,
    *,
    allow_missing: bool = False,
    workers: int | None = None,
    progress: Progress | None = None,
    max_pixels: int | None = MAX_PIXELS,
    rule: MaskRule | None = None,
) -> Scores:
    """Score every map of a folder against the mask of the same stem.

    Args:
        maps: Folder of saliency maps: PNG, JPEG or BMP, 8-bit grey or RGB; of another size than the mask they are resized bilinearly and
            named in `Scores.resized`.
        masks: Folder of masks; above 128 is defect.
        names: Score these alone; all masks otherwise.
        allow_missing: Score what is there, and name the rest in `Scores.missing` and `Scores.extra`, instead of raising.
        workers: Processes; the cores this process may use otherwise. The figures do not depend on it.
        progress: Called with (done, all) as images are finished.
        max_pixels: A larger map or mask is refused; None for files of ours, which were held against the params' limit.
        rule: How masks are named and what in them is defect; without one, what is above 128.
    Raises:
        UserError: If a folder or an image cannot be read.
        CheckError: If a map is missing or there is one without a mask; the message names them.
    """
    jobs, missing, extra = _pair(Path(maps), Path(masks), names, max_pixels, rule)
    if (missing or extra) and not allow_missing:
        raise CheckError(f"{maps}: {_describe(missing, extra)}")
    if not jobs:
        raise UserError(f"{maps}: expected maps of the masks in {masks}, no name is in both")
    measured = _measure_all(jobs, workers or available_cores(), progress)
    return replace(collect(measured), missing=tuple(missing), extra=tuple(extra))


def _pair(
    maps: Path, masks: Path, names: Sequence[str] | None, max_pixels: int | None, rule: MaskRule | None
) -> tuple[list[_Job], list[str], list[str]]:
    found, truths = list_images(maps), list_images(masks, rule.suffix if rule else "")
    if names is None:
        wanted, extra = sorted(truths), sorted(found.keys() - truths.keys())
    else:
        wanted, extra = sorted(set(names)), []
        unknown = [name for name in wanted if name not in truths]
        if unknown:
            raise UserError(f"{masks}: expected a mask for every name, none for {_some(unknown)}")
    missing = [name for name in wanted if name not in found]
    return [_Job(name, found[name], truths[name], max_pixels, rule) for name in wanted if name in found], missing, extra


def _describe(missing: Sequence[str], extra: Sequence[str]) -> str:
    parts = []
    if missing:
        parts.append(f"{len(missing)} of the masks have no map ({_some(missing)})")
    if extra:
        parts.append(f"{len(extra)} of the maps have no mask ({_some(extra)})")
    return ", ".join(parts)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _measure_all(jobs: Sequence[_Job], workers: int, progress: Progress | None) -> list[Measured]:
    chunks = [jobs[start : start + _CHUNK] for start in range(0, len(jobs), _CHUNK)]
    measured: list[Measured] = []
    for part in _run(chunks, min(workers, len(chunks))):
        measured.extend(part)
        if progress:
            progress(len(measured), len(jobs))
    return measured


def _run(chunks: Sequence[Sequence[_Job]], workers: int) -> Iterator[list[Measured]]:
    if workers < 2:
        yield from map(_measure_chunk, chunks)
        return
    with _executor(workers) as pool:
        # All are handed over before the first progress call: that may start threads, and forks come first.
        futures: list[Future[list[Measured]]] = [pool.submit(_measure_chunk, chunk) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()


@contextmanager
def _executor(workers: int) -> Iterator[Executor]:
    # A fork costs 50 ms, a fresh interpreter several times as much as its chunk of images. A process
    # with threads of its own must not fork (a lock may be held for ever in the child), so there threads do what the GIL lets them.
    may_fork = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if may_fork else None)
    pool: Executor = ProcessPoolExecutor(workers, mp_context=context) if may_fork else ThreadPoolExecutor(workers)
    try:
        yield pool
    finally:
        # On an error the rest is not worth waiting for.
        pool.shutdown(cancel_futures=True)


def _measure_chunk(jobs: Sequence[_Job]) -> list[Measured]:
    measured = []
    for job in jobs:
        saliency, mask, resized = read_pair(job.saliency, job.mask, job.max_pixels, job.rule)
        measured.append(measure_map(job.name, saliency, mask, resized=resized))
    return measured
