"""Which device a network runs on: one rule for training, evaluation and prediction."""

from __future__ import annotations

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
    import torch

    if wanted not in DEVICES:
        raise UserError(f"{named_by} is {wanted!r}, expected one of: {', '.join(DEVICES)}")
    cuda = torch.cuda.is_available()
    if wanted == "cuda" and not cuda:
        raise UserError(f"{named_by} is 'cuda', but this machine has no usable CUDA device; use 'auto' or 'cpu'")
    return "cuda" if cuda and wanted != "cpu" else "cpu"
