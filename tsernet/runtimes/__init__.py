"""What runs a network: PyTorch, or ONNX Runtime, which starts and computes in less than half the time and runs on the CPU alone."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from tsernet.errors import UserError
from tsernet.runtimes.session import Session

__all__ = ["RUNTIMES", "Session", "open_session"]

RUNTIMES = ("auto", "torch", "onnx")


def open_session(path: Path, runtime: str = "auto", device: str = "cpu") -> tuple[Session, dict[str, str]]:
    """Read a model file into the runtime that is to compute it.

    Args:
        path: A .safetensors file of this project.
        runtime: `torch`, `onnx`, or `auto`: ONNX Runtime where it is installed and `device` is the CPU, else PyTorch.
        device: `cpu` or `cuda`.
    Returns:
        The session, and the file's metadata.
    Raises:
        UserError: If the file is no model, or the runtime unknown, not installed, or not for this device.
    """
    if runtime not in RUNTIMES:
        raise UserError(f"--runtime is {runtime!r}, expected one of: {', '.join(RUNTIMES)}")
    installed = find_spec("onnxruntime") is not None
    if runtime == "onnx" and not installed:
        raise UserError("--runtime is 'onnx', but ONNX Runtime is not installed; pip install onnxruntime, or use 'torch'")
    if runtime == "onnx" and device != "cpu":
        raise UserError(f"--runtime is 'onnx', which computes on the CPU, but the device is {device!r}; use --device cpu, or 'torch'")
    if runtime == "torch" or device != "cpu" or not installed:
        from tsernet.runtimes.torch_session import TorchSession
        from tsernet.weights import load_model

        network, metadata = load_model(path)
        return TorchSession(network, device), metadata
    from tsernet.runtimes.onnx_session import open_onnx

    return open_onnx(path)
