"""What runs a network: PyTorch, and three that take less time on the CPU.

ONNX Runtime, which is always there, takes half of it; OpenVINO gains from eight bits; MNN is the fastest with 32.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from tsernet.errors import UserError
from tsernet.runtimes.exported import SUFFIX, ExportedSession, read_exported
from tsernet.runtimes.session import Session, wanted_threads

__all__ = ["PACKAGES", "RUNTIMES", "ExportedSession", "Session", "is_exported", "open_session", "wanted_threads"]

RUNTIMES = ("auto", "torch", "onnx", "openvino", "mnn")
PACKAGES = {
    "onnx": ("ONNX Runtime", "onnxruntime"),
    "openvino": ("OpenVINO", "openvino"),
    "mnn": ("MNN", "MNN"),
    "torch": ("PyTorch", "torch"),
}
"""Of each runtime: what it is called, and the package that it is."""


def is_exported(path: Path) -> bool:
    """Say whether a model is one that `tsernet export` wrote for a runtime, by its name."""
    return path.suffix == SUFFIX


def open_session(
    path: Path, runtime: str = "auto", device: str = "cpu", callers: int = 1, *, features: bool = False
) -> tuple[Session | ExportedSession, dict[str, str]]:
    """Read a model file into the runtime that is to compute it.

    Args:
        path: A .safetensors file of this project, or an .onnx file that `tsernet export` wrote.
        runtime: `torch`, `onnx`, `openvino`, `mnn`, or `auto`: for an exported file the one that it was exported for; else ONNX Runtime,
            where it is installed and `device` is the CPU; else PyTorch. What was measured on the machine (`fastest.py`) is the commands' to
            ask.
        device: `cpu` or `cuda`.
        callers: So many threads would call it at once; the session says how many may.
        features: Whether the encoder's features are wanted beside the map: `Session.logits_and_features`. An exported file, another
            method's network and PyTorch do not give them.
    Returns:
        The session, and the file's metadata.
    Raises:
        UserError: If the file is no model, or the runtime unknown, not installed, or not for this device or file.
    """
    if runtime not in RUNTIMES:
        raise UserError(f"--runtime is {runtime!r}, expected one of: {', '.join(RUNTIMES)}")
    if is_exported(path):
        return _open_exported(path, runtime, device, callers)
    chosen = runtime
    if runtime == "auto":
        chosen = "onnx" if device == "cpu" and _installed("onnx") else "torch"
    _require(chosen, device)
    if chosen == "torch":
        from tsernet.runtimes.torch_session import open_torch

        return open_torch(path, device)
    from tsernet.model_files import read_tensors
    from tsernet.runtimes.onnx_graph import build_onnx

    tensors, metadata = read_tensors(path)
    return _start(chosen, build_onnx(path, tensors, metadata, features=features), callers, metadata), metadata


def _open_exported(path: Path, runtime: str, device: str, callers: int) -> tuple[ExportedSession, dict[str, str]]:
    from tsernet.protocol import protocol_of

    if runtime == "torch":
        raise UserError(f"--runtime is 'torch', but {path} is an exported network; use 'auto', or the .safetensors file")
    model, metadata = read_exported(path)
    chosen = runtime
    if runtime == "auto":
        # What was exported for OpenVINO in 32 bits is the same network in either.
        chosen = "openvino" if metadata["runtime"] == "openvino" and (_installed("openvino") or metadata["precision"] == "int8") else "onnx"
    if chosen in ("onnx", "mnn") and metadata["precision"] == "int8":
        raise UserError(f"--runtime is {chosen!r}, but {path} has 8 bits, which gain nothing there; use 'auto' or 'openvino'")
    _require(chosen, device)
    return ExportedSession(_start(chosen, model, callers, metadata), protocol_of(metadata)), metadata


def _start(runtime: str, model: bytes, callers: int, metadata: Mapping[str, str]) -> Session:
    """Load an ONNX model into ONNX Runtime, OpenVINO or MNN."""
    if runtime == "openvino":
        from tsernet.runtimes.openvino_session import OpenVinoSession

        return OpenVinoSession(model, callers, int(metadata["resize"]))
    if runtime == "mnn":
        from tsernet.runtimes.mnn_session import MnnSession

        return MnnSession(model, callers)
    from tsernet.runtimes.onnx_session import OnnxSession

    return OnnxSession(model, callers)


def _installed(runtime: str) -> bool:
    return find_spec(PACKAGES[runtime][1]) is not None


def _require(runtime: str, device: str) -> None:
    name, package = PACKAGES[runtime]
    if runtime != "torch" and device != "cpu":
        raise UserError(f"--runtime is {runtime!r}, which computes on the CPU, but the device is {device!r}; use --device cpu, or 'torch'")
    if not _installed(runtime):
        raise UserError(
            f"the model needs the runtime {runtime!r}, but {name} is not installed; pip install {package}, or use another --runtime"
        )
