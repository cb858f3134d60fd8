"""Which device a network runs on, by one rule for training, evaluation and prediction; and how many cores there are."""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from tsernet.errors import UserError

Device = Literal["cpu", "cuda"]
DEVICES = ("auto", "cpu", "cuda")


def choose_device(wanted: str, named_by: str) -> Device:
    """Resolve `auto` to CUDA where this machine has it, else to the CPU.

    Args:
        wanted: `auto`, `cpu` or `cuda`.
        named_by: What the user set, for the message: `--device`, or a key of params.yaml.
    Raises:
        UserError: If `wanted` is unknown, or CUDA is asked for and there is none.
    """
    if wanted not in DEVICES:
        raise UserError(f"{named_by} is {wanted!r}, expected one of: {', '.join(DEVICES)}")
    cuda = wanted != "cpu" and has_cuda()
    if wanted == "cuda" and not cuda:
        raise UserError(f"{named_by} is 'cuda', but this machine has no usable CUDA device; use 'auto' or 'cpu'")
    return "cuda" if cuda else "cpu"


def available_cores() -> int:
    """Count the cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_name() -> str:
    """Name the processor as Linux does; elsewhere as Python does."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def has_cuda() -> bool:
    """Say whether PyTorch is there and can use CUDA; without the driver's library it cannot, and its import would take over a second."""
    if "torch" not in sys.modules:
        if find_spec("torch") is None:
            return False
        try:
            ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
        except OSError:
            return False
    import torch

    return torch.cuda.is_available()
