"""The network in OpenVINO: on the CPU, and the one that gains from eight bits there."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tsernet.errors import UserError
from tsernet.model_files import read_tensors
from tsernet.runtimes.onnx_format import OPSET
from tsernet.runtimes.onnx_graph import build_onnx
from tsernet.runtimes.onnx_session import wanted_threads
from tsernet.runtimes.resize import finish_maps
from tsernet.runtimes.session import Array, require_inputs


class OpenVinoSession:
    """A network of OpenVINO as a session.

    Args:
        model: An ONNX model as bytes, as `build_onnx` makes it.
        threads: So many compute at once; 0 leaves it to OpenVINO: one for each core.
    Raises:
        UserError: If the installed OpenVINO cannot run it.
    """

    def __init__(self, model: bytes, threads: int = 0) -> None:
        # OpenVINO's import reports itself to its makers, with a number that it leaves in the home folder; without this package not.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]  # None: as if it were not installed
        import openvino

        # Without the first, it would compute with eight bits of mantissa where a processor can.
        options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"}
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        try:
            self._request = core.compile_model(core.read_model(model), "CPU", options).create_infer_request()
        except RuntimeError as error:
            said = " ".join(str(error).split())
            raise UserError(f"OpenVINO {openvino.__version__} cannot run the network, which is of opset {OPSET}: {said}") from None

    def logits(self, inputs: Array) -> Array:
        """As `Session.logits`.

        Raises:
            ValueError: If the shape is another; the message gives it.
        """
        require_inputs(inputs)
        result: Array = next(iter(self._request.infer({0: inputs}).values())).copy()
        return result

    def finish(self, logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.finish`."""
        return finish_maps(logits, sizes, stretch)

    def maps(self, inputs: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.maps`."""
        return self.finish(self.logits(inputs), sizes, stretch)


def open_openvino(path: Path) -> tuple[OpenVinoSession, dict[str, str]]:
    """Read a model file into OpenVINO; OMP_NUM_THREADS sets how many threads compute.

    Returns:
        The session, and the file's metadata.
    Raises:
        UserError: If the file is no model of this project.
    """
    tensors, metadata = read_tensors(path)
    return OpenVinoSession(build_onnx(path, tensors, metadata), wanted_threads()), metadata
