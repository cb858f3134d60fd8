"""Image files in, map files out: several at once, each read, predicted and written by one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from tsernet.errors import UserError

T = TypeVar("T")
R = TypeVar("R")

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from tsernet.data.pixels import ImageArray
    from tsernet.saliency import MapMaker, StripMaps

MOST_CALLERS = 8
"""Images in work at once: more would save little time, and each takes its memory."""


def callers_for(images: int) -> int:
    """Say how many threads are to call the network at once: one for each core, where there are images for all.

    OMP_NUM_THREADS counts as the number of cores. One image is computed by all of them together.
    """
    from tsernet.devices import available_cores
    from tsernet.runtimes import wanted_threads

    return max(1, min(wanted_threads() or available_cores(), images, MOST_CALLERS))


def write_maps(targets: Mapping[Path, Path], maker: MapMaker, callers: int, max_pixels: int | None) -> list[str]:
    """Predict image files and write their maps, so that neither memory nor waiting grows with their number.

    Args:
        targets: The map to write for each image.
        maker: Makes the maps.
        callers: So many threads call it at once.
        max_pixels: A larger image is refused.
    Returns:
        What could not be read, a line each, in the order of the images.
    """
    from tsernet.progress import ProgressBar
    from tsernet.saliency import StripMaps

    paths = list(targets)
    size = 1 if isinstance(maker, StripMaps) else maker.batch_size
    batches = [paths[start : start + size] for start in range(0, len(paths), size)]

    def write(batch: Sequence[Path]) -> list[str]:
        if isinstance(maker, StripMaps):
            return _write_strip(batch[0], targets[batch[0]], maker, max_pixels)
        return _write_batch(batch, targets, maker, max_pixels)

    bad: list[str] = []
    with ProgressBar("predict", len(paths)) as bar:
        for batch, found in zip(batches, _overlapped(write, batches, callers), strict=True):
            bad += found
            for _ in batch:
                bar.advance()
    return bad


def _overlapped(work: Callable[[T], R], items: Iterable[T], callers: int) -> Iterator[R]:
    """Like map, by several threads: while one waits for the disk or the network, the others compute. No more are begun than are in work."""
    if callers == 1:
        yield from map(work, items)
        return
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(callers) as threads:
        try:
            for item in items:
                if len(waiting) > callers:
                    yield waiting.popleft().result()
                waiting.append(threads.submit(work, item))
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _write_strip(path: Path, target: Path, maker: StripMaps, max_pixels: int | None) -> list[str]:
    """Predict one image from its rows, so that of a large one only its 8-bit map is in memory as a whole."""
    import numpy as np

    from tsernet.inference import to_uint8
    from tsernet.tiles import open_rows

    try:
        with open_rows(path, maker.levels, max_pixels) as source:
            pixels = np.concatenate([to_uint8(band.saliency) for band in maker.bands(source)])
    except UserError as error:
        return [_line(error)]
    _write_map(path, target, pixels)
    return []


def _write_batch(batch: Sequence[Path], targets: Mapping[Path, Path], maker: MapMaker, max_pixels: int | None) -> list[str]:
    from tsernet.data.pixels import MAX_PIXELS, read_image
    from tsernet.inference import to_uint8

    bad: list[str] = []
    images: dict[Path, ImageArray] = {}
    for path in batch:
        try:
            images[path] = read_image(path, maker.levels, max_pixels or MAX_PIXELS)
        except UserError as error:
            bad.append(_line(error))
    for path, saliency in zip(images, maker.predict(list(images.values())), strict=True):
        _write_map(path, targets[path], to_uint8(saliency))
    return bad


def _line(error: UserError) -> str:
    return str(error).encode("utf-8", "backslashreplace").decode()


def _write_map(path: Path, target: Path, pixels: NDArray[np.uint8]) -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from pipelines.outputs import SOURCE_KEY, save_png
    from tsernet.digests import sha256_of

    record = PngInfo()
    record.add_text(SOURCE_KEY, sha256_of(path))
    save_png(Image.fromarray(pixels), target, record, is_map=True)
