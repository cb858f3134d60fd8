"""`tsernet benchmark infer`: images to saliency maps by every runtime, precision and number of threads, taking turns."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from typing import Annotated, Any

import typer

from pipelines.benchmarks.measure import Timing, describe_machine, time_in_turn


def register(group: typer.Typer) -> None:
    """Add the command `infer`."""
    group.command()(infer)


def infer(
    model: Annotated[str, typer.Option(help="A .safetensors file, models:/NAME/VERSION or shipped, by the strip's protocol.")] = "shipped",
    size: Annotated[int, typer.Option(min=40, help="Side of the image, pixels; 200 is 160 for the network.")] = 200,
    strip: Annotated[str, typer.Option(help="Width×height of the strip, pixels; it goes by tiles.")] = "4096x1024",
    threads: Annotated[str, typer.Option(help="Numbers of threads, with commas.")] = "1,2",
    ways: Annotated[str, typer.Option(help="Runtimes and precisions, with commas; all that are installed if not given.")] = "",
    repetitions: Annotated[int, typer.Option(min=1, help="Of an image; a strip is computed a third as often.")] = 9,
    remember: Annotated[bool, typer.Option(help="Let --runtime auto take what was fastest here in 32 bits, for this user.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time one image, images by all threads at once and a strip, apart from the start, beside what the machine can do at best."""
    from pipelines.benchmarks.infer_process import Work, installed_ways, make_networks, running
    from pipelines.benchmarks.rates import measure_rates, network_macs

    wanted = installed_ways([one.strip() for one in ways.split(",") if one.strip()])
    numbers = _numbers(threads, ",", "--threads")
    width, height = _numbers(strip, "x", "--strip", 2)
    with ExitStack() as stack:
        files, source = make_networks(stack, model, wanted)
        rows: dict[str, dict[str, Any]] = {}
        processes = {}
        for count in numbers:
            for way in wanted:
                name = f"{way} ×{count}"
                work = Work(way, str(files[way]), count, size, (height, width))
                processes[name], started = stack.enter_context(running(work))
                rows[name] = {"way": way, "threads": count, "start_s": started}
        for task, times in (("image", repetitions), ("images", repetitions), ("strip", max(1, repetitions // 3))):
            asked = {name: (lambda process=process, task=task: process.run(task)) for name, process in processes.items()}
            for timing in time_in_turn(asked, times, warm_up=int(task != "strip")):
                rows[timing.name] |= _figures(task, timing, processes[timing.name].batch, width * height)
        for name, process in processes.items():
            rows[name]["peak_mb"] = process.peak_megabytes()
        rates = {str(count): measure_rates(count) for count in numbers}
    floor = _floor(network_macs(source, size), rates)
    _print(f"one {size}×{size} image, many, and a strip of {width}×{height}, {model}", rows, rates, floor, as_json)
    if remember:
        _remember(rows)


def _remember(rows: dict[str, dict[str, Any]]) -> None:
    """Keep the fastest runtime of 32 bits at the most threads, and name it on stderr, beside the table or the JSON."""
    from tsernet.errors import UserError
    from tsernet.runtimes.fastest import fastest_file, remember_fastest

    most = max(row["threads"] for row in rows.values())
    rates = {row["way"].split()[0]: row["images_per_s"] for row in rows.values() if row["way"].endswith("f32") and row["threads"] == most}
    if not rates:
        raise UserError("--remember: no way of 32 bits was measured; name one in --ways, such as 'onnx f32'")
    print(f"--runtime auto is now {remember_fastest(rates)!r} on this machine, by {fastest_file()}", file=sys.stderr)


def _figures(task: str, timing: Timing, batch: int, pixels: int) -> dict[str, float]:
    """Name what a task's times say."""
    if task == "image":
        return {"image_ms": 1e3 * timing.median, "image_best_ms": 1e3 * timing.best}
    if task == "images":
        return {"images_per_s": batch / timing.median, "images_best_per_s": batch / timing.best}
    return {"strip_s": timing.median, "strip_best_s": timing.best, "strip_megapixels_per_s": pixels / timing.median / 1e6}


def _floor(macs: int | None, rates: dict[str, dict[str, float]]) -> dict[str, float]:
    """Milliseconds that the image's multiply-accumulates take at the best rate of float32, by threads."""
    return {} if macs is None else {count: 1e3 * macs / (1e9 * max(found.values())) for count, found in rates.items()}


def _print(title: str, rows: dict[str, dict[str, Any]], rates: dict[str, dict[str, float]], floor: dict[str, float], as_json: bool) -> None:
    if as_json:
        machine = describe_machine()
        tree = {"title": title, "machine": machine, "rows": list(rows.values()), "rates_g_per_s": rates, "floor_image_ms": floor}
        print(json.dumps(tree))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for heading in ("way ×threads", "start s", "image ms", "best ms", "images/s", "strip s", "Mpx/s", "peak MB"):
        table.add_column(heading, justify="left" if "way" in heading else "right", no_wrap=True)
    keys = {"start_s": 2, "image_ms": 1, "image_best_ms": 1, "images_per_s": 1, "strip_s": 2, "strip_megapixels_per_s": 2, "peak_mb": 0}
    for name, row in rows.items():
        table.add_row(name, *(f"{row[key]:.{digits}f}" for key, digits in keys.items()))
    Console().print(table)
    for count, found in rates.items():
        said = ", ".join(f"{name} {rate:.1f} G multiply-accumulates/s" for name, rate in found.items())
        least = f"; the image's alone take {floor[count]:.1f} ms" if floor else ""
        print(f"float32 at best, {count} thread(s): {said}{least}")
    print("machine: " + ", ".join(f"{name} {fact}" for name, fact in describe_machine().items()))


def _numbers(text: str, separator: str, option: str, count: int = 0) -> list[int]:
    from tsernet.errors import UserError

    parts = text.replace("×", "x").split(separator)
    if not all(part.strip().isdecimal() and int(part) > 0 for part in parts) or (count and len(parts) != count):
        raise UserError(f"{option}: expected such as {'4096x1024' if count else '1,2'}, got {text!r}")
    return [int(part) for part in parts]
