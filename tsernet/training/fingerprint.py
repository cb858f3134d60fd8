"""What makes two trainings the same: the key under which checkpoints are kept."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import torch

import tsernet
from tsernet.config import Params
from tsernet.images.levels import Levels
from tsernet.methods.registry import added_code, method_of

# A change in any of these may change the weights; a checkpoint of other code is not gone on with.
_CODE = (
    *("methods", "models", "losses", "training", "inference.py", "runtimes", "images"),
    *("data/augment.py", "data/pixels.py", "data/samples.py", "data/windows.py"),
)

# Another network's width is none of this one's concern.
_MODEL = {"initialisation", "encoder_weights", "start_from"}


def training_fingerprint(
    params: Params, variant: str, seed: int, data_digest: str, levels: Levels | None = None, start_sha256: str | None = None
) -> str:
    """Digest of everything that the weights depend on: params, variant, seed, data, code and torch.

    Args:
        data_digest: Of the training and validation samples.
        levels: Of a set of more than 8 bits.
        start_sha256: Of the weights that it begins with, where those are another training's.
    Returns:
        32 hexadecimal digits.
    Raises:
        UserError: If another package's method cannot be had.
    """
    parts = {
        "params": params.model_dump(mode="json", include={"prepare": True, "model": _MODEL, "loss": True, "train": True}),
        "width": params.model.width_of(variant),
        "method": method_of(variant).source,
        "method_code": added_code(variant),
        "variant": variant,
        "seed": seed,
        "data": data_digest,
        "code": _code_digest(),
        "torch": torch.__version__,
    }
    if start_sha256 is not None:
        # A checkpoint that began with another champion is not gone on with.
        parts["start"] = start_sha256
    if levels is not None:
        parts |= levels.metadata()
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _code_digest() -> str:
    root = Path(tsernet.__file__).parent
    digest = hashlib.sha256()
    for name in _CODE:
        place = root / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
