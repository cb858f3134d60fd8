"""The stopwatch of every benchmark: fair repetitions, medians, the machine, JSON and a table."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

from tsernet.devices import available_cores, cpu_name


@dataclass(frozen=True)
class Timing:
    """How long one way of doing the work took, repetition by repetition.

    Args:
        name: Of the way.
        seconds: At least one.
        facts: What else was found about it, such as its peak memory; goes into JSON and table.
    """

    name: str
    seconds: tuple[float, ...]
    facts: Mapping[str, float | int | str]

    @property
    def median(self) -> float:
        """Median seconds: what a figure in the docs is."""
        return statistics.median(self.seconds)

    @property
    def best(self) -> float:
        """Least seconds: what the work takes when nothing else disturbs it."""
        return min(self.seconds)

    def as_tree(self) -> dict[str, object]:
        """Return plain values for JSON."""
        times = {"median_s": self.median, "best_s": self.best, "worst_s": max(self.seconds), "repetitions": len(self.seconds)}
        return {"name": self.name, **times, **self.facts}


def time_in_turn(ways: Mapping[str, Callable[[], object]], repetitions: int, warm_up: int = 1) -> list[Timing]:
    """Time several ways of doing the same work.

    They take turns, so that a disturbance of the machine hits all of them alike and their ratio stays fair.

    Args:
        ways: Name → the work.
        repetitions: Timed rounds, at least 1.
        warm_up: Rounds before that, untimed.
    """
    if repetitions < 1:
        raise ValueError(f"repetitions must be at least 1, got {repetitions}")
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for round_number in range(warm_up + repetitions):
        for name, work in ways.items():
            started = time.perf_counter()
            work()
            taken = time.perf_counter() - started
            if round_number >= warm_up:
                seconds[name].append(taken)
    return [Timing(name, tuple(taken), {}) for name, taken in seconds.items()]


def per_item(timings: Sequence[Timing], count: int) -> list[Timing]:
    """Turn what rounds over `count` items took into what one item took."""
    return [replace(timing, seconds=tuple(seconds / count for seconds in timing.seconds)) for timing in timings]


def describe_machine() -> dict[str, str | int | float]:
    """Say what the figures were measured on, and how busy it was at the time; of PyTorch only where it is installed."""
    facts: dict[str, str | int | float] = {
        "cpu": cpu_name(),
        "cores": available_cores(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "load_average": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }
    if find_spec("torch"):
        import torch

        facts |= {
            "torch": torch.__version__,
            "torch_threads": torch.get_num_threads(),
            "instructions": torch.backends.cpu.get_cpu_capability(),
        }
        if torch.cuda.is_available():
            facts["gpu"] = torch.cuda.get_device_name()
    return facts


def print_report(title: str, timings: Sequence[Timing], as_json: bool, facts: Mapping[str, object] | None = None) -> None:
    """Print what was measured on stdout.

    Args:
        title: What the work is, sizes included.
        timings: The first one is what the others are compared with.
        as_json: One JSON object instead of a table.
        facts: What else was found, beside the timings.
    """
    machine = describe_machine()
    shares = [timing.median / timings[0].median for timing in timings]
    if as_json:
        rows = [timing.as_tree() | {"share": share} for timing, share in zip(timings, shares, strict=True)]
        print(json.dumps({"title": title, "machine": machine, "timings": rows, **(facts or {})}))
        return
    _print_table(title, timings, shares)
    for name, fact in (facts or {}).items():
        print(f"{name}: {fact}")
    print("machine: " + ", ".join(f"{name} {fact}" for name, fact in machine.items()))


def _print_table(title: str, timings: Sequence[Timing], shares: Sequence[float]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    extra = list(dict.fromkeys(name for timing in timings for name in timing.facts))
    table.add_column("")
    for heading in ("median ms", "best ms", "repetitions", "share", *extra):
        table.add_column(heading, justify="right")
    for timing, share in zip(timings, shares, strict=True):
        times = (f"{1e3 * timing.median:.1f}", f"{1e3 * timing.best:.1f}", str(len(timing.seconds)), f"{share:.1%}")
        table.add_row(timing.name, *times, *(str(timing.facts.get(name, "")) for name in extra))
    Console().print(table)
