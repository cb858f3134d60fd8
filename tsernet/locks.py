"""Which GPUs there are and where the file locks on devices lie; apart from `tsernet.training`: a flow must not import torch."""

from __future__ import annotations

import os
from pathlib import Path


def visible_gpus() -> list[str]:
    """List what CUDA_VISIBLE_DEVICES names; empty where it is not set, and all GPUs are seen."""
    return [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]


def lock_file(folder: Path, device: str) -> Path:
    """Name the file that locks a device, and make its folder; the name of a MIG slice (`MIG-GPU-…/1/0`) holds slashes."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{device.replace('/', '-')}.lock"
