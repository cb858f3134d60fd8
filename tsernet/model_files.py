"""What a model file says of itself, and its tensors, read without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from tsernet.errors import UserError

FORMAT = "tsernet/1"
KEYS = ("variant", "width", "resize", "scaling", "stretch")
"""What metadata must say: the network's variant and width, and how an image is made into its input and back."""

GRAPH = "graph"
"""What the metadata of another network than TSERNet say too: what it computes, as `tsernet.runtimes.onnx_program` reads it."""


def read_tensors(path: Path) -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """Read a model file's tensors and metadata; nothing is unpickled.

    Returns:
        Tensors by name, float32 whatever the file keeps, without BatchNorm's counters, which only training reads; and the metadata.
    Raises:
        UserError: If the file is not there or is no model file of this format.
    """
    require_file(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = checked_metadata(path, file.metadata())
            names = [name for name in file.keys() if not name.endswith(".num_batches_tracked")]  # noqa: SIM118 - the handle is no mapping
            return {name: np.asarray(file.get_tensor(name), dtype=np.float32) for name in names}, metadata
    except (SafetensorError, OSError) as error:
        raise UserError(f"{path}: not a safetensors file ({' '.join(str(error).split())})") from None


def count_parameters(path: Path) -> int:
    """Count what training learned in a model file: all but BatchNorm's statistics.

    Raises:
        UserError: As `read_tensors`.
    """
    tensors, _ = read_tensors(path)
    return sum(tensor.size for name, tensor in tensors.items() if not name.endswith((".running_mean", ".running_var")))


def require_file(path: Path) -> None:
    """Check that there is a model file.

    Raises:
        UserError: If not.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such model file; expected one made by train or convert (.safetensors)")


def checked_metadata(path: Path, metadata: Mapping[str, str] | None) -> dict[str, str]:
    """Check that metadata are those of a model file.

    Raises:
        UserError: If the format is another, or a key is missing.
    """
    found = dict(metadata or {})
    if found.get("format") != FORMAT:
        raise UserError(
            f"{path}: expected a model file of format {FORMAT}, got {found.get('format', 'none')}; tsernet convert takes official weights"
        )
    missing = [key for key in KEYS if key not in found]
    if missing:
        raise UserError(f"{path}: the metadata lacks {', '.join(missing)}")
    return found
