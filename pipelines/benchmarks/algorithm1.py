"""`tsernet benchmark algorithm1`: the paper's training as fast as a GPU takes it, its samples resident there, each step one graph."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.benchmarks.measure import Timing, per_item, print_report, time_in_turn
from tsernet.errors import CheckError, UserError

if TYPE_CHECKING:
    from tsernet.config import Params
    from tsernet.resident.samples import ResidentSamples
    from tsernet.resident.training import ResidentTraining
    from tsernet.training.history import History

_PRESET = Path(__file__).parents[2] / "presets" / "paper.yaml"
_START = {"model.encoder_weights": "none", "model.initialisation": "residual"}
_CHUNK, _FEW = 100, 20


def register(group: typer.Typer) -> None:
    """Add the command `algorithm1`."""
    group.command()(algorithm1)


def algorithm1(
    out: Annotated[Path | None, typer.Option(help="New folder for scores, maps, histories and, below 16 M parameters, weights")] = None,
    changed: Annotated[list[str] | None, typer.Option("-S", help="KEY=VALUE: another value in presets/paper.yaml; several times")] = None,
    beside: Annotated[float, typer.Option(min=0.0, help="Width of a second network trained at the same time; 0: none")] = 0.0,
    seconds: Annotated[float, typer.Option(min=1.0, help="The training ends so long after the start, and is evaluated as it is")] = 510.0,
    steps_only: Annotated[int, typer.Option(min=0, help="Only time so many steps, eager and captured, and compare losses; 0: train")] = 0,
    with_compile: Annotated[bool, typer.Option("--compile", help="torch.compile makes the network's kernels (minutes)")] = False,
    search: Annotated[bool, typer.Option("--search", help="cuDNN times its kernels for each layer first")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object (with --steps-only)")] = False,
) -> None:
    """Train by the preset `paper` on a GPU in one go, without ImageNet's weights unless -S model.encoder_weights=FILE names them.

    The images are acquired and prepared anew into a temporary folder; SD_SALIENCY_900 names a copy of them.
    """
    import torch

    from pipelines.changed_params import change_params, read_changes
    from tsernet.resident.draws import require_plain

    until = time.monotonic() + seconds
    params = change_params(_PRESET, _START | read_changes(changed or []))
    require_plain(params.train)
    if not steps_only:
        _require_new(out)
    torch.backends.cudnn.benchmark = search
    if params.train.hardware.threads:
        torch.set_num_threads(params.train.hardware.threads)
    with TemporaryDirectory(prefix="algorithm1-") as scratch:
        data = _make_data(params, Path(scratch))
        if steps_only:
            _time_steps(params, data, steps_only, with_compile, as_json)
            return
        assert out is not None
        widths = [params.model.width, *([beside] if beside else [])]
        runs = [_Run(_training(params, data, width, with_compile), _history(params), width, index) for index, width in enumerate(widths)]
        _train(runs, params, until, out)
        for run in runs:
            run.write(params, data, out)


@dataclass(frozen=True)
class _Data:
    samples: ResidentSamples
    prepared: Path
    test: list[str]


@dataclass
class _Run:
    training: ResidentTraining
    history: History
    width: float
    index: int
    seconds: float = 0.0

    @property
    def prefix(self) -> str:
        return "beside-" if self.index else ""

    def write(self, params: Params, data: _Data, out: Path) -> None:
        """Score the test split by the paper's protocol and write what is worth keeping."""
        from pipelines.benchmarks.algorithm1_results import write_results

        self.history.write_csv(out / f"{self.prefix}history.csv")
        facts = {"width": self.width, "steps": self.training.steps, "training_seconds": round(self.seconds, 1)}
        scores = write_results(self.training, params, data.prepared, data.test, out, self.prefix, facts)
        print(f"width {self.width:g}, {self.training.steps} steps: {scores}", flush=True)


def _require_new(out: Path | None) -> None:
    if out is None:
        raise UserError("--out: expected a folder for the results, or --steps-only")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: exists already and is not an empty folder; give another one")
    out.mkdir(parents=True, exist_ok=True)


def _make_data(params: Params, folder: Path) -> _Data:
    """Acquire, prepare and split as the stages do, and lay the training split onto the device."""
    import torch

    from tsernet.data.prepare import prepare
    from tsernet.data.samples import SampleStore
    from tsernet.data.sources import acquire
    from tsernet.data.splits import make_splits
    from tsernet.resident.samples import ResidentSamples
    from tsernet.training.hardware import resolve

    raw, prepared = folder / "raw", folder / "prepared"
    acquire(params.dataset, raw)
    rows = prepare(raw, prepared, params.prepare.edge_width, params.validate_.max_pixels, masks=params.dataset.masks.rule())
    parts = make_splits(rows, params.split, params.dataset.source)
    store = SampleStore(prepared, parts["train"], params.train.augment.resize)
    device = torch.device(resolve(params.train.hardware).accelerator)
    return _Data(ResidentSamples(store, params.train, device), prepared, parts["test"])


def _training(params: Params, data: _Data, width: float, with_compile: bool, capture: bool = True, chunk: int = 0) -> ResidentTraining:
    from tsernet.resident.training import ResidentTraining
    from tsernet.training.network import initial_network

    # ImageNet's weights are of the full width alone.
    changes = {"width": width} | ({"encoder_weights": "none"} if width != params.model.width else {})
    network = initial_network("full", params.seeds[0], params.model.model_copy(update=changes))
    options: dict[str, Any] = {"chunk": chunk or _CHUNK, "capture": capture, "compile_network": with_compile}
    return ResidentTraining(network, data.samples, params, params.seeds[0], **options)


def _history(params: Params) -> History:
    from tsernet.training.history import History

    return History(params.train.log_every)


def _train(runs: list[_Run], params: Params, until: float, out: Path) -> None:
    """Train all side by side, chunk by chunk, until the iterations or the time are over."""
    from tsernet.training.schedule import learning_rate

    started, total, steps = time.monotonic(), params.train.iterations, 0
    while steps < total and time.monotonic() < until:
        count = min(_CHUNK, total - steps)
        for run in runs:
            run.training.launch(count)
        for run in runs:
            run.training.draw_ahead()
        for run in runs:
            for number, losses in enumerate(run.training.collect().tolist()):
                if not all(map(math.isfinite, losses)):
                    raise CheckError(f"the loss of width {run.width:g} is {losses[0]} at step {steps + number + 1}")
                run.history.add_step(losses, learning_rate(steps + number, total, params.train.optimiser))
            run.seconds = time.monotonic() - started
        steps += count
        if steps % 1000 < count or steps == total:
            print(f"step {steps} of {total}, {time.monotonic() - started:.0f} s, loss {runs[0].history.totals[-1]:.3f}", file=sys.stderr)
            for run in runs:  # what a kill leaves behind
                run.history.write_csv(out / f"{run.prefix}history.csv")


def _time_steps(params: Params, data: _Data, steps: int, with_compile: bool, as_json: bool) -> None:
    """Take the same steps eagerly, reading each one's loss, and captured, reading those of twenty at once, in turn."""
    import torch

    losses: dict[str, list[float]] = {"eager": [], "captured": []}
    ways = {}
    for name, kept in losses.items():
        training = _training(params, data, params.model.width, with_compile, name == "captured", _FEW)
        ways[name] = _few_steps(training, kept, 1 if name == "eager" else _FEW)
    repetitions = max(math.ceil(steps / _FEW) - 1, 1)
    timings: list[Timing] = per_item(time_in_turn(ways, repetitions, warm_up=1), _FEW)
    apart = [abs(one - other) / abs(one) for one, other in zip(losses["eager"], losses["captured"], strict=True)]
    on_gpu = data.samples.device.type == "cuda"
    facts = {
        "captured as a CUDA graph": on_gpu,
        "steps compared": len(apart),
        "losses apart, first 10 steps": max(apart[:10]),
        "losses apart, all": max(apart),
        "mean loss, last 20, eager": math.fsum(losses["eager"][-_FEW:]) / _FEW,
        "mean loss, last 20, captured": math.fsum(losses["captured"][-_FEW:]) / _FEW,
        "peak GPU MiB": round(torch.cuda.max_memory_allocated() / 2**20) if on_gpu else 0,
    }
    size, crop = params.train.batch_size, params.train.augment.crop
    print_report(f"one training step, width {params.model.width:g}, ({size}, 3, {crop}, {crop})", timings, as_json, facts)


def _few_steps(training: ResidentTraining, kept: list[float], at_once: int) -> Callable[[], None]:
    def take() -> None:
        for _ in range(_FEW // at_once):
            training.launch(at_once)
            kept.extend(training.collect()[:, 0].tolist())

    return take
