"""The weights that come with the package, trained on SD-saliency-900; MODEL_CARD.md says what they can do and how they were made.

`shipped` finds defects on strip of any size and knows clean steel; `shipped-paper` is the network of `make cpu`, for the paper's
protocol: whole images of 200×200, each with a defect.
"""

from __future__ import annotations

from pathlib import Path

from tsernet.digests import sha256_of
from tsernet.errors import UserError

_FOLDER = Path(__file__).parent
SHIPPED_NAMES = {"shipped": "sd-saliency-900-strip.safetensors", "shipped-paper": "sd-saliency-900.safetensors"}
"""File of each name."""


def shipped_model(name: str = "shipped", folder: Path = _FOLDER) -> Path:
    """Find a shipped model file, whose bytes are those that were evaluated.

    Args:
        name: One of `SHIPPED_NAMES`.
        folder: Holds the weights and their digests.
    Raises:
        UserError: If it is missing or was changed.
    """
    file = SHIPPED_NAMES[name]
    path, record = folder / file, folder / f"{file}.sha256"
    for needed in (path, record):
        if not needed.is_file():
            raise UserError(f"{needed}: missing from this installation; install the package anew, or name a model with --model")
    found, expected = sha256_of(path), record.read_text(encoding="ascii").split()[0]
    if found != expected:
        raise UserError(f"{path}: sha256 {found}, expected {expected}; install the package anew, or name a model with --model")
    return path
