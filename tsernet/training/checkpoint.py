"""What makes a training survive: atomic checkpoints that carry their own digest in their name.

A checkpoint is a safetensors file, so nothing is unpickled. No state of a random generator is kept, because none is
used after the weights are initialised: the order and the augmentation of samples are functions of the step.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NamedTuple

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

_NAME = re.compile(r"step-(\d{8})-([0-9a-f]{16})\.safetensors")


class Checkpoint(NamedTuple):
    """A training's state: tensors by name, and plain values that JSON can hold."""

    step: int
    tensors: dict[str, Tensor]
    values: dict[str, Any]


def save_checkpoint(folder: Path, checkpoint: Checkpoint, keep: int) -> Path:
    """Write a checkpoint and delete all but the newest `keep`.

    Written beside its place, flushed to the disk and renamed, so that a reader never sees half of it.

    Raises:
        OSError: If it cannot be written, on a full disk say; the earlier ones are then as they were.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / "partial"  # always this name, so that what a SIGKILL has left is written over
    try:
        save_file(checkpoint.tensors, partial, {"step": str(checkpoint.step), "values": json.dumps(checkpoint.values)})
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        path = folder / f"step-{checkpoint.step:08d}-{_digest(partial)}.safetensors"
        partial.replace(path)
    except SafetensorError as error:
        # safetensors wraps what the system said, a full disk for one.
        raise OSError(str(error)) from error
    finally:
        partial.unlink(missing_ok=True)
    for old in _newest_first(folder)[keep:]:
        old.unlink()
    return path


def load_newest(folder: Path) -> Checkpoint | None:
    """Read the newest checkpoint whose digest holds; a damaged one is named on stderr and the one before is tried."""
    for path in _newest_first(folder):
        match = _NAME.fullmatch(path.name)
        if match and _digest(path) == match[2]:
            return _read(path)
        print(f"warning: {path} is damaged (its digest does not hold); trying the one before", file=sys.stderr)
    return None


def _read(path: Path) -> Checkpoint:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - safe_open is no mapping
    return Checkpoint(int(metadata["step"]), tensors, json.loads(metadata["values"]))


def _newest_first(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("step-*.safetensors") if _NAME.fullmatch(path.name)), reverse=True)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
