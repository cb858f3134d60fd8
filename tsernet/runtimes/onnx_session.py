"""The network in ONNX Runtime: on the CPU, without PyTorch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from tsernet.model_files import read_tensors
from tsernet.runtimes.onnx_graph import INPUT, OUTPUT, build_onnx
from tsernet.runtimes.resize import finish_maps
from tsernet.runtimes.session import SIZE_MULTIPLE, Array


class OnnxSession:
    """A network of ONNX Runtime as a session.

    Args:
        model: An ONNX model as bytes, as `build_onnx` makes it.
        threads: So many compute at once; 0 leaves it to ONNX Runtime: one for each core.
    """

    def __init__(self, model: bytes, threads: int = 0) -> None:
        # Since 1.29 ONNX Runtime reports to its makers from its import on; this is read there, and nothing is then made, kept or sent.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # a plant's images are nobody else's business
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Threads that wait for work would spin: as much CPU time again, and none left for whoever reads and writes images.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def logits(self, inputs: Array) -> Array:
        """As `Session.logits`.

        Raises:
            ValueError: If the shape is another; the message gives it.
        """
        if (
            inputs.ndim != 4
            or inputs.shape[1] != 3
            or inputs.shape[2] % SIZE_MULTIPLE
            or inputs.shape[3] % SIZE_MULTIPLE
            or 0 in inputs.shape
        ):
            raise ValueError(f"image must be (B, 3, H, W) with H and W multiples of {SIZE_MULTIPLE}, got {inputs.shape}")
        result: Array = self._session.run([OUTPUT], {INPUT: inputs})[0]
        return result

    def finish(self, logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.finish`."""
        return finish_maps(logits, sizes, stretch)


def open_onnx(path: Path) -> tuple[OnnxSession, dict[str, str]]:
    """Read a model file into ONNX Runtime; OMP_NUM_THREADS sets how many threads compute, as it does for PyTorch.

    Returns:
        The session, and the file's metadata.
    Raises:
        UserError: If the file is no model of this project.
    """
    tensors, metadata = read_tensors(path)
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return OnnxSession(build_onnx(path, tensors, metadata), int(threads) if threads.isdecimal() else 0), metadata
