"""`tsernet benchmark data`: seconds and memory of acquire, prepare, split and validate over a set of any size."""

from __future__ import annotations

import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from tsernet.errors import CheckError

_PRESET = Path(__file__).parents[2] / "presets" / "demo.yaml"


def register(group: typer.Typer) -> None:
    """Add the command `data`."""
    group.command()(data)


def data(
    per_class: Annotated[int, typer.Option(min=5, help="Synthetic images a class.")] = 300,
    size: Annotated[int, typer.Option(min=32, help="Their side in pixels.")] = 200,
    at_most: Annotated[float, typer.Option(help="Exit code 1 if the four stages take more seconds; 0: never.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Run the four data stages over synthetic images; give seconds and the peak memory of all processes."""
    figures = measure_stages(per_class, size)
    if as_json:
        typer.echo(json.dumps({"samples": 3 * per_class, "size": size, "stages": figures}))
    else:
        for stage, (seconds, mebibytes) in figures.items():
            typer.echo(f"{stage:9} {seconds:7.1f} s {mebibytes:6.0f} MiB")
    total = sum(seconds for seconds, _ in figures.values())
    if at_most and total > at_most:
        raise CheckError(f"the data stages took {total:.1f} s over {3 * per_class} images, expected at most {at_most:g} s")


def measure_stages(per_class: int, size: int) -> dict[str, tuple[float, float]]:
    """Run the stages in a temporary folder.

    Args:
        per_class: Images in each of the three classes.
        size: Side in pixels.
    Returns:
        Stage → seconds and the peak resident memory of this process and its workers together, in MiB.
    """
    from pipelines.validation import validate_data
    from tsernet.config import load_params
    from tsernet.data.prepare import Row, prepare
    from tsernet.data.sources import acquire
    from tsernet.data.splits import make_splits, write_splits

    params = load_params(_PRESET)
    dataset = params.dataset.model_copy(
        update={"synthetic": params.dataset.synthetic.model_copy(update={"per_class": per_class, "size": size})}
    )
    figures: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory(prefix="tsernet-benchmark-") as scratch:
        root, rows = Path(scratch), list[Row]()
        raw, prepared, splits = root / "raw", root / "prepared", root / "splits"
        stages: dict[str, Callable[[], object]] = {
            "acquire": lambda: acquire(dataset, raw),
            "prepare": lambda: rows.extend(prepare(raw, prepared, params.prepare.edge_width, params.validate_.max_pixels)),
            "split": lambda: write_splits(make_splits(rows, params.split, dataset.source), rows, splits),
            "validate": lambda: validate_data(prepared, splits, params.validate_, dataset.source, root / "validation"),
        }
        for stage, run in stages.items():
            with _peak_memory() as peak:
                start = time.perf_counter()
                run()
                seconds = time.perf_counter() - start
            figures[stage] = (seconds, peak[0] / 2**20)
    return figures


@contextmanager
def _peak_memory() -> Iterator[list[int]]:
    """Watch this process and its children ten times a second; the list's one entry is the peak in bytes."""
    import psutil

    peak, over, me = [0], threading.Event(), psutil.Process(os.getpid())

    def watch() -> None:
        while not over.wait(0.1):
            peak[0] = max(peak[0], sum(map(_resident, [me, *me.children(recursive=True)])))

    def _resident(process: psutil.Process) -> int:
        try:
            return int(process.memory_info().rss)
        except psutil.NoSuchProcess:
            return 0

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        over.set()
        watcher.join()
