"""An exported network: written beside its place, held against PyTorch there, and only then put into it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsernet.errors import UserError

FORMATS = ("safetensors", "onnx")
PRECISIONS = ("f32",)
_IMAGES = 32


@dataclass(frozen=True)
class Export:
    """What is wanted.

    Attributes:
        model: As the command line names it.
        out: The file to write.
        protocol: `strip` or `paper`; None for the model's own.
        images: To compare on: an image or a folder; None for the validation split of this repository.
        licence: Of the weights; None for what the model says.
        overwrite: Whether an existing file may be replaced.
    """

    model: str
    out: Path
    protocol: str | None = None
    images: Path | None = None
    licence: str | None = None
    overwrite: bool = False


def write_export(wanted: Export) -> dict[str, Any]:
    """Export a network to ONNX.

    Returns:
        Figures of the comparison, by name.
    Raises:
        UserError: If there is no such model or image, or the file may not be written.
        CheckError: If the maps are not PyTorch's; there is then no file.
    """
    from pipelines.exporting.images import choose_images
    from pipelines.exporting.parity import TOLERANCE, measure_parity
    from pipelines.model_resolver import find_model
    from pipelines.outputs import require_new_file
    from tsernet.digests import sha256_of
    from tsernet.model_files import read_tensors
    from tsernet.protocol import protocol_of
    from tsernet.runtimes import is_exported
    from tsernet.runtimes.exported import exported_onnx

    if not is_exported(wanted.out):
        raise UserError(f"{wanted.out}: expected a name that ends in .onnx for the exported network")
    source, fed = find_model(wanted.model)
    images = choose_images(wanted.images, "val", "--images", _IMAGES)
    require_new_file(wanted.out, [source, *images], wanted.overwrite)
    tensors, own = read_tensors(source)
    metadata = own | fed
    metadata |= {
        "protocol": protocol_of(metadata, wanted.protocol).name,
        "weights_sha256": sha256_of(source),
        "licence": wanted.licence or metadata.get("licence") or _licence(wanted.model),
    }
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    partial = wanted.out.with_name(f".{wanted.out.stem}.partial-{os.getpid()}{wanted.out.suffix}")
    try:
        partial.write_bytes(exported_onnx(source, tensors, metadata))
        parity = measure_parity(source, partial, metadata, images)
        parity.hold()
        partial.replace(wanted.out)
    finally:
        partial.unlink(missing_ok=True)
    return {"images": parity.images, "largest_difference": parity.largest, "tolerance": TOLERANCE}


def _licence(model: str) -> str:
    """Say under what licence weights are that do not say it themselves: those of this package are under the package's."""
    from importlib.metadata import metadata

    from pipelines.model_resolver import SHIPPED_MODELS

    return metadata("tsernet")["License-Expression"] if model in SHIPPED_MODELS else "not stated"
