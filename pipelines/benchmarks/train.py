"""`tsernet benchmark train`: one training step in plain eager PyTorch, with the chosen defaults, and the least the machine could take.

The two ways run in processes of their own, so that each has its own peak memory and its own settings of the C library, and
take turns step by step.
"""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.benchmarks.measure import Timing, print_report, time_in_turn
from tsernet.errors import CheckError

if TYPE_CHECKING:
    import torch
    from lightning_fabric import Fabric
    from torch import nn

    from tsernet.config import Train

_PRESET = Path(__file__).parents[2] / "presets" / "paper.yaml"
PLAIN, CHOSEN, COMPILED = "plain eager", "chosen defaults", "chosen, compiled"


@dataclass(frozen=True)
class Work:
    """What a step works on.

    Args:
        width: Of the network.
        batch: Images.
        size: Their side.
        threads: Of the CPU; 0 leaves it to torch.
        accelerator: `auto`, `cpu` or `cuda`.
    """

    width: float
    batch: int
    size: int
    threads: int
    accelerator: str


def register(group: typer.Typer) -> None:
    """Add the command `train`."""
    group.command()(train)


def train(
    width: Annotated[float, typer.Option(min=0.01, help="Of the network.")] = 0.125,
    batch: Annotated[int, typer.Option(min=1)] = 4,
    size: Annotated[int, typer.Option(min=32, help="Side of the images, a multiple of 32.")] = 128,
    threads: Annotated[int, typer.Option(min=0, help="0 leaves it to torch.")] = 0,
    repetitions: Annotated[int, typer.Option(min=1)] = 5,
    accelerator: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    with_compile: Annotated[bool, typer.Option("--compile", help="Time torch.compile as well (minutes of warm-up on a CPU).")] = False,
    at_most: Annotated[float, typer.Option(help="Exit code 1 if the defaults take more than this share of plain; 0: never.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Time a training step: plain (contiguous, the loss map by map, Adam unfused) and ours, and give the floor."""
    work = Work(width, batch, size, threads, accelerator)
    names = [PLAIN, CHOSEN, *([COMPILED] if with_compile else [])]
    with ExitStack() as running:
        ways = {name: running.enter_context(_process(name, work)) for name in names}
        floor, facts = ways[CHOSEN].floor()
        timings = time_in_turn({name: way.step for name, way in ways.items()}, repetitions, warm_up=2)
        timings = [replace(timing, facts={"peak MiB": ways[timing.name].peak_mebibytes()}) for timing in timings]
    title = f"one training step, width {width:g}, ({batch}, 3, {size}, {size})"
    print_report(title, [*timings, Timing("floor", (floor,), {})], as_json, facts)
    share = timings[1].median / timings[0].median
    if at_most and share > at_most:
        raise CheckError(f"a step took {share:.0%} of plain eager's time, expected at most {at_most:.0%}")


class _Way:
    """A process that steps when told to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def step(self) -> None:
        """Take one step and wait for its end."""
        self._ask("step")

    def peak_mebibytes(self) -> int:
        """Most memory that the steps took, above what the process had before."""
        return round(self._ask("peak") / 2**20)

    def floor(self) -> tuple[float, dict[str, object]]:
        """Seconds that a step's multiply-accumulates take at the best rate measured, and what that comes from."""
        rate, macs = self._ask("rate"), self._ask("macs")
        threads = self._ask("threads")
        return macs / rate, {
            "threads of a step": threads,
            "multiply-accumulates (G)": round(macs / 1e9, 2),
            "matrix rate (G/s)": round(rate / 1e9, 1),
        }

    def _ask(self, what: str) -> float:
        self._connection.send(what)
        answer: float = self._connection.recv()
        return answer


@contextmanager
def _process(name: str, work: Work) -> Iterator[_Way]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(name, work, there), daemon=True)
    process.start()
    # Without this copy of the other end, a process that dies is seen here as the end of the file.
    there.close()
    try:
        yield _Way(here)
    finally:
        here.close()
        process.join()


def _serve(name: str, work: Work, connection: Connection) -> None:
    """Answer until the other end closes."""
    import torch

    from tsernet.training.hardware import resolve, start

    params = _train_params(work, name == COMPILED)
    settings = resolve(params.hardware)
    device = torch.device(settings.accelerator)
    if name == PLAIN:
        if work.threads:
            torch.set_num_threads(work.threads)
        before, step = _peak(device), _plain(work, device)
    else:
        fabric = start(params.hardware, settings)
        before, step = _peak(device), _chosen(work, params, fabric, settings.memory_format)
    answers: dict[str, Callable[[], float | None]] = {
        "step": _waiting(step, device),
        "peak": lambda: _peak(device) - before,
        "rate": lambda: matrix_rate(device),
        "macs": lambda: _macs(work),
        "threads": torch.get_num_threads,
    }
    while True:
        try:
            question = connection.recv()
        except EOFError:
            return
        connection.send(answers[question]())


def _train_params(work: Work, with_compile: bool) -> Train:
    """The paper preset's, whose hardware section is the defaults, for this work."""
    from tsernet.config import load_params

    train = load_params(_PRESET).train
    changes = {"accelerator": work.accelerator, "compile": with_compile, "threads": work.threads}
    return train.model_copy(update={"hardware": train.hardware.model_copy(update=changes)})


def _plain(work: Work, device: torch.device) -> Callable[[], None]:
    import torch

    from pipelines.benchmarks.loss import plain_terms
    from tsernet.losses import edge_terms
    from tsernet.models import build_tsernet

    network = build_tsernet("full", work.width).to(device).train()
    optimizer = torch.optim.Adam(network.parameters(), foreach=False)
    images, masks, edges = _inputs(work, device)

    def step() -> None:
        optimizer.zero_grad()
        output = network(images)
        terms = [plain_terms(one, masks).sum() for one in output.supervised]
        loss = torch.stack([*terms, edge_terms(output.edge, edges, "balanced")]).sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward unannotated
        optimizer.step()

    return step


def _chosen(work: Work, params: Train, fabric: Fabric, memory_format: torch.memory_format) -> Callable[[], None]:
    """Step as the training loop does."""

    from tsernet.losses import tsernet_loss
    from tsernet.models import build_tsernet
    from tsernet.training.batchnorm_layers import use_training_norms
    from tsernet.training.state import make_optimizer

    network: nn.Module = build_tsernet("full", work.width).to(memory_format=memory_format).train()
    use_training_norms(network, fabric.device, params.hardware.compile)
    optimizer = make_optimizer(network, params.optimiser)
    if params.hardware.compile:
        network.compile()
    runner, optimizer = fabric.setup(network, optimizer)
    images, masks, edges = _inputs(work, fabric.device)
    images = images.contiguous(memory_format=memory_format)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        fabric.backward(tsernet_loss(runner(images), masks, edges, "balanced").total)
        optimizer.step()

    return step


def _inputs(work: Work, device: torch.device) -> list[torch.Tensor]:
    """Images, masks and edges of noise: the time does not depend on what they show."""
    import torch

    generator = torch.Generator().manual_seed(0)
    images = torch.randn(work.batch, 3, work.size, work.size, generator=generator)
    masks, edges = (torch.rand(2, work.batch, 1, work.size, work.size, generator=generator) > 0.8).float()
    return [plane.to(device) for plane in (images, masks, edges)]


def matrix_rate(device: torch.device) -> float:
    """Multiply-accumulates a second, float32 (bfloat16 on a GPU): the best of a matrix product and a wide 3×3 convolution.

    Of both, because the two come from different libraries, one of which may know the processor better.
    """
    import torch
    from torch.nn import functional as F

    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    side, channels, extent = (8192, 512, 128) if device.type == "cuda" else (1024, 256, 32)
    matrix = torch.randn(side, side, device=device, dtype=dtype)
    image = torch.randn(4, channels, extent, extent, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    kernel = torch.randn(channels, channels, 3, 3, device=device, dtype=dtype).contiguous(memory_format=torch.channels_last)
    work: dict[str, tuple[Callable[[], object], int]] = {
        "matrix": (lambda: matrix @ matrix, side**3),
        "convolution": (lambda: F.conv2d(image, kernel, padding=1), image.numel() * channels * 9),
    }
    with torch.no_grad():
        timings = time_in_turn({name: _waiting(run, device) for name, (run, _) in work.items()}, repetitions=7, warm_up=2)
    return max(work[timing.name][1] / timing.best for timing in timings)


def _macs(work: Work) -> int:
    """Of one step: the backward pass has two products, for the inputs and for the weights, where the forward pass has one."""
    from tsernet.models.complexity import complexity_of

    return 3 * work.batch * complexity_of("full", work.width, work.size).macs


def _waiting(run: Callable[[], object], device: torch.device) -> Callable[[], None]:
    """Run and wait until the device is done."""
    import torch

    def wait() -> None:
        run()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return wait


def _peak(device: torch.device) -> int:
    """Most bytes held so far: on a GPU by torch, else by this process."""
    import torch

    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
