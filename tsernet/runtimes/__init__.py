"""What runs a network: PyTorch, or ONNX Runtime, which starts and computes in less than half the time and runs on the CPU alone."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tsernet.errors import UserError
from tsernet.runtimes.exported import SUFFIX, ExportedSession
from tsernet.runtimes.session import MapSession, Session

__all__ = ["RUNTIMES", "ExportedSession", "MapSession", "Session", "is_exported", "open_session"]

RUNTIMES = ("auto", "torch", "onnx")


def is_exported(path: Path) -> bool:
    """Say whether a model is one that `tsernet export` wrote for a runtime, by its name."""
    return path.suffix == SUFFIX


def open_session(path: Path, runtime: str = "auto", device: str = "cpu") -> tuple[Session | ExportedSession, dict[str, str]]:
    """Read a model file into the runtime that is to compute it.

    Args:
        path: A .safetensors file of this project, or an .onnx file that `tsernet export` wrote.
        runtime: `torch`, `onnx`, or `auto`: ONNX Runtime where it is installed and `device` is the CPU, else PyTorch.
        device: `cpu` or `cuda`.
    Returns:
        The session, and the file's metadata.
    Raises:
        UserError: If the file is no model, or the runtime unknown, not installed, or not for this device or file.
    """
    if runtime not in RUNTIMES:
        raise UserError(f"--runtime is {runtime!r}, expected one of: {', '.join(RUNTIMES)}")
    installed, exported = find_spec("onnxruntime") is not None, is_exported(path)
    if runtime == "torch" and exported:
        raise UserError(f"--runtime is 'torch', but {path} is exported for ONNX Runtime; use 'auto' or 'onnx', or the .safetensors file")
    if (runtime == "onnx" or exported) and not installed:
        raise UserError("--runtime is 'onnx', but ONNX Runtime is not installed; pip install onnxruntime, or use 'torch'")
    if (runtime == "onnx" or exported) and device != "cpu":
        raise UserError(f"--runtime is 'onnx', which computes on the CPU, but the device is {device!r}; use --device cpu, or 'torch'")
    if runtime == "torch" or device != "cpu" or not installed:
        from tsernet.runtimes.torch_session import open_torch

        return open_torch(path, device)
    from tsernet.runtimes.onnx_session import open_exported_onnx, open_onnx

    return open_exported_onnx(path) if exported else open_onnx(path)
