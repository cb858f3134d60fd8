"""The network in OpenVINO: on the CPU, and the one that gains from eight bits there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from queue import SimpleQueue
from typing import Any

from tsernet.errors import UserError
from tsernet.runtimes.onnx_format import OPSET
from tsernet.runtimes.resize import finish_maps
from tsernet.runtimes.session import Array, Session, require_inputs, threads_each, wanted_threads


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


class OpenVinoSession(Session):
    """A network of OpenVINO as a session.

    Args:
        model: An ONNX model as bytes, as `build_onnx` makes it.
        callers: So many threads call it at once; the cores are shared among them (`threads_each`).
    Raises:
        UserError: If the installed OpenVINO cannot run it.
    """

    def __init__(self, model: bytes, callers: int = 1) -> None:
        self.callers = callers
        # Without the first, it would compute with eight bits of mantissa where a processor can.
        options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if callers > 1:
            options |= {"NUM_STREAMS": callers, "INFERENCE_NUM_THREADS": callers * threads_each(callers)}
        elif threads := wanted_threads():
            options["INFERENCE_NUM_THREADS"] = threads
        core = _core()
        try:
            compiled = core.compile_model(core.read_model(model), "CPU", options)
        except RuntimeError as error:
            said = " ".join(str(error).split())
            raise UserError(f"OpenVINO {version('openvino')} cannot run the network, which is of opset {OPSET}: {said}") from None
        self.gives_features = len(compiled.outputs) > 1
        # A request is one caller's at a time.
        self._requests: SimpleQueue[Any] = SimpleQueue()
        for _ in range(callers):
            self._requests.put(compiled.create_infer_request())

    def logits(self, inputs: Array) -> Array:
        """As `Session.logits`.

        Raises:
            ValueError: If the shape is another; the message gives it.
        """
        return self._run(inputs)[0]

    def logits_and_features(self, inputs: Array) -> tuple[Array, Array]:
        """As `Session.logits_and_features`."""
        logits, features = self._run(inputs)
        return logits, features

    def finish(self, logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.finish`."""
        return finish_maps(logits, sizes, stretch)

    def _run(self, inputs: Array) -> list[Array]:
        require_inputs(inputs.shape)
        request = self._requests.get()
        try:
            # Copies: the next caller's answer would be written over this one's.
            return [result.copy() for result in request.infer({0: inputs}).values()]
        finally:
            self._requests.put(request)
