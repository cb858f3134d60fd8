"""The network in ONNX Runtime: on the CPU, without PyTorch."""

from __future__ import annotations

import os
from typing import Any

from tsernet.errors import UserError
from tsernet.runtimes.graph_session import GraphSession
from tsernet.runtimes.onnx_format import OPSET
from tsernet.runtimes.onnx_graph import INPUT
from tsernet.runtimes.session import Array, require_inputs, threads_each


class OnnxSession(GraphSession):
    """A network of ONNX Runtime as a session.

    Args:
        model: An ONNX model as bytes, as `build_onnx` makes it.
        callers: So many threads call it at once; the cores are shared among them (`threads_each`).
    Raises:
        UserError: If the installed ONNX Runtime cannot run it, such as one that is older than the opset.
    """

    def __init__(self, model: bytes, callers: int = 1) -> None:
        self.callers = callers
        self._session = start_onnx(model, threads_each(callers))
        self.gives_features = len(self._session.get_outputs()) > 1

    def _run(self, inputs: Array) -> list[Array]:
        require_inputs(inputs.shape)
        answers: list[Array] = self._session.run(None, {INPUT: inputs})
        return answers


def start_onnx(model: bytes, threads: int = 0) -> Any:
    """Load a model into ONNX Runtime, on the CPU.

    Args:
        model: An ONNX model as bytes.
        threads: So many compute at once; 0 leaves it to ONNX Runtime: one for each core.
    Returns:
        An InferenceSession, which any number of threads may call.
    Raises:
        UserError: As `OnnxSession`.
    """
    # Since 1.29 ONNX Runtime reports to its makers from its import on; this is read there, and nothing is then made, kept or sent.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # a plant's images are nobody else's business
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that wait for work would spin: as much CPU time again, and none left for whoever reads and writes images.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    from onnxruntime.capi.onnxruntime_pybind11_state import Fail, InvalidGraph, NotImplemented

    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (Fail, InvalidGraph, NotImplemented) as error:
        said = " ".join(str(error).split())
        raise UserError(f"ONNX Runtime {onnxruntime.__version__} cannot run the network, which is of opset {OPSET}: {said}") from None
