"""Where the file locks on devices lie; apart from `tsernet.training`, since a flow takes such locks too and must not import torch."""

from __future__ import annotations

from pathlib import Path


def lock_file(folder: Path, device: str) -> Path:
    """Name the file that locks a device, and make its folder; the name of a MIG slice (`MIG-GPU-…/1/0`) holds slashes."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{device.replace('/', '-')}.lock"
