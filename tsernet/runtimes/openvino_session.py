"""The network in OpenVINO: on the CPU, and the one that gains from eight bits there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from queue import SimpleQueue
from threading import Lock
from typing import Any

import numpy as np

from tsernet.errors import UserError
from tsernet.runtimes.graph_session import GraphSession
from tsernet.runtimes.onnx_format import OPSET
from tsernet.runtimes.session import Array, require_inputs, threads_each, wanted_threads


@cache
def _core() -> Any:
    """This process's one Core.

    Each Core of OpenVINO 2026.4.1 changes the thread's stack for signal handlers. In a process with several of them a signal, Ctrl-C
    too, was seen to end in a segmentation fault; with one that lasts it was not.
    """
    # OpenVINO's import reports itself to its makers, with a number that it leaves in the home folder; without this package not.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: as if it were not installed
    import openvino

    return openvino.Core()


class OpenVinoSession(GraphSession):
    """A network of OpenVINO as a session.

    Args:
        model: An ONNX model as bytes, as `build_onnx` makes it.
        callers: So many threads call it at once; the cores are shared among them (`threads_each`).
        side: Of the images that the network was trained on, pixels: squares of that side are computed by a network of that one size,
            which takes 6 % less time, and all others by one of any size. What an image's map is depends on its size alone.
    Raises:
        UserError: If the installed OpenVINO cannot run it.
    """

    def __init__(self, model: bytes, callers: int = 1, side: int = 0) -> None:
        self.callers, self._model, self._side = callers, model, side
        # Without the first, it would compute with eight bits of mantissa where a processor can.
        options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if callers > 1:
            options |= {"NUM_STREAMS": callers, "INFERENCE_NUM_THREADS": callers * threads_each(callers)}
        elif threads := wanted_threads():
            options["INFERENCE_NUM_THREADS"] = threads
        self._options = options
        # By whether they are for the one size; made when the first image comes that needs them. A request is one caller's at a time.
        self._requests: dict[bool, SimpleQueue[Any]] = {}
        self._making = Lock()
        with self._errors():
            self._unused = _core().read_model(model)
        self.gives_features = len(self._unused.outputs) > 1

    def _run(self, inputs: Array) -> list[Array]:
        require_inputs(inputs.shape)
        usual = inputs.shape[2:] == (self._side, self._side)
        requests = self._requests_for(usual)
        request = requests.get()
        try:
            # Copies: the next answer would be written over this one.
            parts = [inputs[place : place + 1] for place in range(len(inputs))] if usual else [inputs]
            answers = [[result.copy() for result in request.infer({0: part}).values()] for part in parts]
            return [np.concatenate(one) for one in zip(*answers, strict=True)]
        finally:
            requests.put(request)

    def _requests_for(self, usual: bool) -> SimpleQueue[Any]:
        with self._making:
            if usual not in self._requests:
                core, queue = _core(), SimpleQueue[Any]()
                with self._errors():
                    # The second of the two networks is read again: a size that was given to the first cannot be taken back.
                    network, self._unused = self._unused or core.read_model(self._model), None
                    if usual:
                        network.reshape([1, 3, self._side, self._side])
                    compiled = core.compile_model(network, "CPU", self._options)
                for _ in range(self.callers):
                    queue.put(compiled.create_infer_request())
                self._requests[usual] = queue
            return self._requests[usual]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            said = " ".join(str(error).split())
            raise UserError(f"OpenVINO {version('openvino')} cannot run the network, which is of opset {OPSET}: {said}") from None
