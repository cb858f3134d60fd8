"""An exported network: written beside its place, held against PyTorch there, and only then put into it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsernet.data.partial import whole_file
from tsernet.errors import UserError
from tsernet.flips import Flips

FORMATS = ("safetensors", "onnx", "openvino")
PRECISIONS = ("f32", "int8")
_PARITY_IMAGES, _SCORED_IMAGES, _RANGE_IMAGES = 32, 400, 128


@dataclass(frozen=True)
class Export:
    """What is wanted.

    Attributes:
        model: As the command line names it.
        out: The file to write.
        runtime: `onnx` or `openvino`.
        precision: `f32` or `int8`.
        protocol: `strip` or `paper`; None for the model's own.
        flips: The mirror images over which it averages; None for the model's own.
        images: To compare on: an image or a folder, for int8 a folder with images/ and masks/; None for this repository's validation split.
        ranges: For int8, images to measure the ranges on; None for this repository's training split.
        licence: Of the weights; None for what the model says.
        overwrite: Whether an existing file may be replaced.
    """

    model: str
    out: Path
    runtime: str = "onnx"
    precision: str = "f32"
    protocol: str | None = None
    flips: Flips | None = None
    images: Path | None = None
    ranges: Path | None = None
    licence: str | None = None
    overwrite: bool = False


def write_export(wanted: Export) -> tuple[dict[str, Any], str]:
    """Export a network.

    Returns:
        Figures of the comparison with PyTorch by name, and the same in words.
    Raises:
        UserError: If there is no such model or image, or the file may not be written.
        CheckError: If its maps are not what PyTorch's are, as near as the precision has to be; there is then no file.
    """
    from pipelines.exporting.fidelity import measure_fidelity
    from pipelines.exporting.images import PREPARED, SPLITS, choose_images, choose_pairs
    from pipelines.exporting.parity import measure_parity
    from pipelines.exporting.ranges import observe_on
    from pipelines.model_resolver import find_weights
    from pipelines.outputs import require_new_file
    from tsernet.data.levels import FILE
    from tsernet.digests import sha256_of
    from tsernet.images.levels import levels_of
    from tsernet.model_files import read_tensors
    from tsernet.protocol import protocol_of
    from tsernet.runtimes.exported import exported_onnx

    _require_sense(wanted)
    source, fed = find_weights(wanted.model)
    whole = wanted.precision == "int8"
    pairs = choose_pairs(wanted.images, "val", "--images", _SCORED_IMAGES) if whole else []
    images = [image for image, _ in pairs] or choose_images(wanted.images, "val", "--images", _PARITY_IMAGES)
    shown = choose_images(wanted.ranges, "train", "--ranges", _RANGE_IMAGES) if whole else []
    require_new_file(wanted.out, [source, *images, *shown], wanted.overwrite)
    tensors, own = read_tensors(source)
    metadata = own | fed if wanted.flips is None else own | fed | {"flips": wanted.flips}
    metadata |= {
        "protocol": protocol_of(metadata, wanted.protocol).name,
        "runtime": wanted.runtime,
        "weights_sha256": sha256_of(source),
        "licence": wanted.licence or metadata.get("licence") or _licence(wanted.model),
    }
    if levels_of(metadata) is None and (SPLITS / FILE).is_file() and (wanted.images is None or (whole and wanted.ranges is None)):
        options = "--images and --ranges name" if whole else "--images FOLDER names"
        raise UserError(f"{wanted.model} is for images of 8 bits, and those of {PREPARED / 'images'} have more; {options} others")
    wanted.out.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(wanted.out, is_suffix_kept=True) as partial:
        partial.write_bytes(exported_onnx(source, tensors, metadata, observe_on(shown, metadata) if whole else None))
        gate = measure_fidelity(source, partial, metadata, pairs) if whole else measure_parity(source, partial, metadata, images)
        gate.hold()
    return gate.figures(), gate.sentence()


def _require_sense(wanted: Export) -> None:
    from importlib.util import find_spec

    from tsernet.runtimes import is_exported

    if not is_exported(wanted.out):
        raise UserError(f"{wanted.out}: expected a name that ends in .onnx for the exported network")
    if wanted.precision == "int8" and wanted.runtime == "onnx":
        raise UserError("--precision int8 is for --format openvino: ONNX Runtime computes 8 bits more slowly than 32 on AVX2")
    if wanted.precision == "f32" and wanted.ranges:
        raise UserError("--ranges is of --precision int8; 32 bits need no images to be measured on")
    if wanted.runtime == "openvino" and find_spec("openvino") is None:
        raise UserError("--format openvino, but OpenVINO is not installed; pip install 'tsernet[openvino]'")


def _licence(model: str) -> str:
    """Say under what licence weights are that do not say it themselves: those of this package are under the package's."""
    from importlib.metadata import metadata

    from pipelines.model_resolver import SHIPPED_MODELS

    return metadata("tsernet")["License-Expression"] if model in SHIPPED_MODELS else "not stated"
