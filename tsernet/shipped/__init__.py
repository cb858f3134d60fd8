"""The weights that come with the package: the full network of the `cpu` preset, trained on SD-saliency-900.

MODEL_CARD.md beside them says what they can do, what they were made from and by which command.
"""

from __future__ import annotations

from pathlib import Path

from tsernet.digests import sha256_of
from tsernet.errors import UserError

_FOLDER = Path(__file__).parent
_FILE = "sd-saliency-900.safetensors"


def shipped_model(folder: Path = _FOLDER) -> Path:
    """Find the shipped model file, whose bytes are those that were evaluated.

    Args:
        folder: Holds the weights and their digest.
    Raises:
        UserError: If it is missing or was changed.
    """
    path, record = folder / _FILE, folder / f"{_FILE}.sha256"
    for needed in (path, record):
        if not needed.is_file():
            raise UserError(f"{needed}: missing from this installation; install the package anew, or name a model with --model")
    found, expected = sha256_of(path), record.read_text(encoding="ascii").split()[0]
    if found != expected:
        raise UserError(f"{path}: sha256 {found}, expected {expected}; install the package anew, or name a model with --model")
    return path
