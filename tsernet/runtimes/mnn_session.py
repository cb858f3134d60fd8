"""The network in MNN: on the CPU, and the fastest there with 32 bits, since it multiplies less (Winograd's convolutions)."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from tsernet.devices import available_cores
from tsernet.errors import UserError
from tsernet.runtimes.graph_session import GraphSession
from tsernet.runtimes.onnx_format import OPSET
from tsernet.runtimes.onnx_graph import FEATURES, INPUT, OUTPUT
from tsernet.runtimes.session import Array, require_inputs, threads_each

# MNN's own command `mnnconvert` lets pip install a package that reports each conversion, with a number of the machine, to its makers; what
# it wraps does not. In a process of its own, since it prints what it does.
_CONVERT = "import sys, _tools; sys.exit(not _tools.mnnconvert(['mnnconvert', '-f', 'ONNX', *sys.argv[1:]]))"


class MnnSession(GraphSession):
    """A network of MNN as a session.

    Args:
        model: An ONNX model as bytes, as `build_onnx` makes it, of 32 bits.
        callers: So many threads call it at once; the cores are shared among them (`threads_each`).
    Raises:
        UserError: If the installed MNN cannot run it.
    """

    def __init__(self, model: bytes, callers: int = 1) -> None:
        self.callers = callers
        threads = threads_each(callers) or available_cores()
        # One is one caller's at a time.
        self._networks: SimpleQueue[_Network] = SimpleQueue()
        with tempfile.TemporaryDirectory() as folder:
            file = _convert(model, Path(folder))
            networks = [_Network(file, threads) for _ in range(callers)]
        self.gives_features = FEATURES in networks[0].outputs
        for network in networks:
            self._networks.put(network)

    def _run(self, inputs: Array) -> list[Array]:
        require_inputs(inputs.shape)
        network = self._networks.get()
        try:
            # One by one: what an image's map is does not depend on those beside it.
            answers = [network.run(inputs[place : place + 1]) for place in range(len(inputs))]
        finally:
            self._networks.put(network)
        return [np.concatenate(one) for one in zip(*answers, strict=True)]


class _Network:
    """One copy of a network, with the memory that it computes in.

    By MNN's older interface: the newer one (`MNN.nn`) holds Python's lock while it computes, so that no other thread would read an image.
    """

    def __init__(self, file: Path, threads: int) -> None:
        mnn = _mnn()
        self._interpreter = mnn.Interpreter(str(file))
        self._session = self._interpreter.createSession({"backend": "CPU", "numThread": threads})
        self._input = self._interpreter.getSessionInput(self._session, INPUT)
        found = self._interpreter.getSessionOutputAll(self._session)
        self.outputs = [name for name in (OUTPUT, FEATURES) if name in found]

    def run(self, inputs: Array) -> list[Array]:
        """Compute one image.

        Args:
            inputs: (1, 3, H, W).
        Returns:
            Those of `outputs`.
        Raises:
            RuntimeError: If MNN says that it failed, such as for want of memory.
        """
        shape = tuple(inputs.shape)
        if tuple(self._input.getShape()) != shape:
            self._interpreter.resizeTensor(self._input, shape)
            self._interpreter.resizeSession(self._session)
        self._input.copyFrom(_host_tensor(np.ascontiguousarray(inputs)))
        if code := self._interpreter.runSession(self._session):
            raise RuntimeError(f"MNN {version('mnn')} failed on an input of {shape}, with its error {code}")
        return [self._read(self._interpreter.getSessionOutput(self._session, name)) for name in self.outputs]

    def _read(self, tensor: Any) -> Array:
        host = _host_tensor(np.empty(tensor.getShape(), np.float32))
        tensor.copyToHostTensor(host)
        values: Array = host.getNumpyData().copy()
        return values


def _host_tensor(values: Array) -> Any:
    mnn = _mnn()
    return mnn.Tensor(tuple(values.shape), mnn.Halide_Type_Float, values, mnn.Tensor_DimensionType_Caffe)


@cache
def _mnn() -> Any:
    with _printing_to_stderr():  # it prints what the processor can, where a command may be printing JSON
        import MNN

    return MNN


@contextmanager
def _printing_to_stderr() -> Iterator[None]:
    """Turn what C code prints, which its own buffers would else keep until the process ends; what Python printed is written out before."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        ctypes.CDLL(None).fflush(None)
        os.dup2(kept, 1)
        os.close(kept)


def _convert(model: bytes, folder: Path) -> Path:
    source, target = folder / "network.onnx", folder / "network.mnn"
    source.write_bytes(model)
    words = ["--modelFile", str(source), "--MNNModel", str(target), "--bizCode", "tsernet"]
    done = subprocess.run([sys.executable, "-c", _CONVERT, *words], capture_output=True, text=True, errors="replace")
    if done.returncode or not target.exists():
        said = " ".join((done.stderr or done.stdout).split())[-400:]
        raise UserError(f"MNN {version('mnn')} cannot run the network, which is of opset {OPSET}: {said}")
    return target
