"""One way of running a network, in a process of its own: so that it has its own threads, start and peak memory."""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsernet.errors import UserError

if TYPE_CHECKING:
    from tsernet.runtimes.quantize import Observed
    from tsernet.saliency import MapMaker

WAYS = {
    "torch f32": "torch",
    "onnx f32": "onnxruntime",
    "onnx int8": "onnxruntime",
    "openvino f32": "openvino",
    "openvino int8": "openvino",
    "mnn f32": "MNN",
}
"""Runtimes and precisions, and the module that each needs."""
_IN_BATCH = 4
"""Images for each thread while the throughput is measured."""


@dataclass(frozen=True)
class Work:
    """What a process computes.

    Attributes:
        way: One of `WAYS`.
        network: The file: .safetensors for torch, else .onnx.
        threads: Of the CPU.
        size: Side of the image, pixels.
        strip: Height and width of the strip, pixels.
    """

    way: str
    network: str
    threads: int
    size: int
    strip: tuple[int, int]


def installed_ways(wanted: Sequence[str]) -> list[str]:
    """Give those of `WAYS` that can run here; of those that are named, all.

    Raises:
        UserError: If one is unknown or its runtime not installed.
    """
    for way in wanted:
        if way not in WAYS or find_spec(WAYS[way]) is None:
            raise UserError(f"--ways: {way!r} is unknown or not installed, expected some of: {', '.join(installed_ways([]))}")
    return list(wanted) or [way for way, module in WAYS.items() if find_spec(module)]


def make_networks(stack: ExitStack, model: str, ways: Sequence[str]) -> tuple[dict[str, Path], Path]:
    """Write the files that the ways need, as `tsernet export` does, into a folder that the stack removes.

    The ranges of eight bits are taken from noise: they decide about the maps, which nobody looks at here, not about the time.

    Returns:
        The file of each way, and the model's own.
    """
    from pipelines.model_resolver import find_model
    from tsernet.digests import sha256_of
    from tsernet.model_files import read_tensors
    from tsernet.protocol import protocol_of
    from tsernet.runtimes.exported import exported_onnx

    source, fed = find_model(model)
    tensors, own = read_tensors(source)
    metadata = own | fed
    if protocol_of(metadata).name != "strip":
        raise UserError(f"--model: {model} is by the protocol {protocol_of(metadata).name!r}, expected one by the strip's")
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    metadata |= {"runtime": "openvino", "weights_sha256": sha256_of(source), "licence": "not stated", "protocol": "strip"}
    files = {"torch f32": source}
    for precision, observe in (("f32", None), ("int8", _ranges)):
        chosen = [way for way in ways if way in WAYS and way.endswith(precision) and not way.startswith("torch")]
        if chosen:
            path = folder / f"{precision}.onnx"
            path.write_bytes(exported_onnx(source, tensors, metadata, observe))
            files |= dict.fromkeys(chosen, path)
    return files, source


def _ranges(model: bytes, convolutions: Mapping[str, str]) -> Mapping[str, Observed]:
    import numpy as np

    from tsernet.runtimes.quantize import Observed

    seen = Observed()
    seen.add(np.random.default_rng(0).normal(size=(1, 1, 64, 64)).astype(np.float32))
    return dict.fromkeys(convolutions, seen)


class Process:
    """The other end of one: runs a task when told to.

    Args:
        connection: To it.
        batch: Images that the task `images` computes.
    """

    def __init__(self, connection: Connection, batch: int) -> None:
        self._connection, self.batch = connection, batch

    def run(self, task: str) -> None:
        """Do `image`, `images` or `strip` and wait for the end."""
        self._connection.send(task)
        self._connection.recv()

    def peak_megabytes(self) -> float:
        """Most memory that the process had."""
        self._connection.send("peak")
        peak: float = self._connection.recv()
        return peak


@contextmanager
def running(work: Work) -> Iterator[tuple[Process, float]]:
    """Start a process; with how many seconds it takes until its first image is done, imports included."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(work, there), daemon=True)
    begun = time.perf_counter()
    process.start()
    # Without this copy of the other end, a process that dies is seen here as the end of the file.
    there.close()
    try:
        here.recv()
        yield Process(here, work.threads * _IN_BATCH), time.perf_counter() - begun
    finally:
        here.close()
        process.join()


def _serve(work: Work, connection: Connection) -> None:
    """Answer until the other end closes."""
    # Before whatever counts cores when it is imported.
    os.environ["OMP_NUM_THREADS"] = str(work.threads)
    tasks = _tasks(work)
    tasks["image"]()
    connection.send(None)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        connection.send(tasks[task]())


def _tasks(work: Work) -> dict[str, Callable[[], Any]]:
    from concurrent.futures import ThreadPoolExecutor
    from functools import cache

    import numpy as np

    generator = np.random.default_rng(0)
    image = generator.integers(0, 256, (work.size, work.size), dtype=np.uint8)
    one = _maker(work, 1)
    # Made when they are asked for: the start is that of one image.
    many = cache(lambda: _maker(work, work.threads))
    strip = cache(lambda: generator.integers(0, 256, work.strip, dtype=np.uint8))
    callers = cache(lambda: ThreadPoolExecutor(1 if work.way.startswith("torch") else work.threads))

    def images() -> None:
        for _ in callers().map(lambda _: many().predict([image]), range(work.threads * _IN_BATCH)):
            pass

    return {
        "image": lambda: one.predict([image]) and None,
        "images": images,
        "strip": lambda: one.predict([strip()]) and None,
        "peak": lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
    }


def _maker(work: Work, callers: int) -> MapMaker:
    from tsernet.protocol import protocol_of
    from tsernet.runtimes import ExportedSession, open_session
    from tsernet.saliency import map_maker

    runtime = work.way.split()[0]
    path = Path(work.network)
    if work.way == "onnx int8":  # which `open_session` refuses, for what is measured here
        from tsernet.runtimes.exported import read_exported
        from tsernet.runtimes.onnx_session import OnnxSession

        model, metadata = read_exported(path)
        return map_maker(ExportedSession(OnnxSession(model, callers), protocol_of(metadata)), metadata)
    return map_maker(*open_session(path, runtime, callers=callers))
