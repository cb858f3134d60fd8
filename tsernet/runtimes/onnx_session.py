"""The network in ONNX Runtime: on the CPU, without PyTorch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tsernet.errors import UserError
from tsernet.model_files import read_tensors
from tsernet.runtimes.onnx_format import OPSET
from tsernet.runtimes.onnx_graph import INPUT, OUTPUT, build_onnx
from tsernet.runtimes.resize import finish_maps
from tsernet.runtimes.session import Array, require_inputs


class OnnxSession:
    """A network of ONNX Runtime as a session.

    Args:
        model: An ONNX model as bytes, as `build_onnx` makes it.
        threads: So many compute at once; 0 leaves it to ONNX Runtime: one for each core.
    Raises:
        UserError: If the installed ONNX Runtime cannot run it, such as one that is older than the opset.
    """

    def __init__(self, model: bytes, threads: int = 0) -> None:
        self._session = start_onnx(model, threads)

    def logits(self, inputs: Array) -> Array:
        """As `Session.logits`.

        Raises:
            ValueError: If the shape is another; the message gives it.
        """
        require_inputs(inputs)
        result: Array = self._session.run([OUTPUT], {INPUT: inputs})[0]
        return result

    def finish(self, logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.finish`."""
        return finish_maps(logits, sizes, stretch)

    def maps(self, inputs: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.maps`."""
        return self.finish(self.logits(inputs), sizes, stretch)


def start_onnx(model: bytes, threads: int = 0) -> Any:
    """Load a model into ONNX Runtime, on the CPU; arguments and errors as for `OnnxSession`.

    Returns:
        An InferenceSession.
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


def open_onnx(path: Path) -> tuple[OnnxSession, dict[str, str]]:
    """Read a model file into ONNX Runtime; OMP_NUM_THREADS sets how many threads compute, as it does for PyTorch.

    Returns:
        The session, and the file's metadata.
    Raises:
        UserError: If the file is no model of this project.
    """
    tensors, metadata = read_tensors(path)
    return OnnxSession(build_onnx(path, tensors, metadata), wanted_threads()), metadata


def wanted_threads() -> int:
    """Say how many threads OMP_NUM_THREADS asks for; 0 where it says nothing."""
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return int(threads) if threads.isdecimal() else 0
