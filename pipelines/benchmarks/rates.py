"""What the processor can do at best, without PyTorch: multiply-accumulates a second of a matrix product and of a wide convolution."""

from __future__ import annotations

import multiprocessing
import os
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path

_SIDE, _CHANNELS, _EXTENT = 1024, 256, 32


def measure_rates(threads: int) -> dict[str, float]:
    """Measure in a process of its own, whose libraries have so many threads.

    Returns:
        G multiply-accumulates a second, float32, the best of several: `matrix` by NumPy, `convolution` (3×3) by ONNX Runtime.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_measure, args=(threads, there), daemon=True)
    process.start()
    there.close()
    try:
        rates: dict[str, float] = here.recv()
        return rates
    finally:
        process.join()


def network_macs(path: Path, size: int) -> int | None:
    """Count the multiply-accumulates of one image by the strip's protocol; None where PyTorch, which counts them, is not installed.

    Args:
        path: A .safetensors file of this project.
        size: Side of the image, pixels.
    """
    if find_spec("torch") is None:
        return None
    from tsernet.model_files import read_tensors
    from tsernet.models.complexity import complexity_of
    from tsernet.protocol import protocol_of

    _, metadata = read_tensors(path)
    side = 32 * round(size * protocol_of(metadata).reduction / 32)
    return complexity_of(metadata["variant"], float(metadata["width"]), max(side, 32)).macs


def _measure(threads: int, connection: Connection) -> None:
    os.environ |= {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
    import numpy as np

    from pipelines.benchmarks.measure import time_in_turn
    from tsernet.runtimes import onnx_format
    from tsernet.runtimes.onnx_session import start_onnx

    generator = np.random.default_rng(0)
    matrix = generator.normal(size=(_SIDE, _SIDE)).astype(np.float32)
    image = generator.normal(size=(1, _CHANNELS, _EXTENT, _EXTENT)).astype(np.float32)
    kernel = generator.normal(size=(_CHANNELS, _CHANNELS, 3, 3)).astype(np.float32)
    node = onnx_format.node("Conv", ["x", "w"], "y", kernel_shape=[3, 3], pads=[1] * 4)
    given, result = (onnx_format.image_value(name, image.shape) for name in ("x", "y"))
    session = start_onnx(onnx_format.model([node], [onnx_format.tensor("w", kernel)], given, [result], {}), threads)
    work = {"matrix": _SIDE**3, "convolution": _CHANNELS**2 * 9 * _EXTENT**2}
    ways = {"matrix": lambda: matrix @ matrix, "convolution": lambda: session.run(["y"], {"x": image})}
    timings = time_in_turn(ways, repetitions=9, warm_up=2)
    connection.send({timing.name: work[timing.name] / timing.best / 1e9 for timing in timings})
