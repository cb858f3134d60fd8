"""`tsernet export`: any model as one file to hand on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from pipelines import options


def register(app: typer.Typer) -> None:
    """Add the command `export`."""
    app.command()(export)


def export(
    model: Annotated[str, typer.Argument(help="A model of the registry, a .safetensors file, or `shipped`.")],
    out: Annotated[Path, typer.Argument(help="The file to write: .safetensors, or .onnx.")],
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="safetensors: weights to predict with, evaluate and train on | onnx, openvino: the network for that runtime",
        ),
    ] = "safetensors",
    precision: Annotated[str, typer.Option(help="Of an exported network: f32 | int8, for OpenVINO")] = "f32",
    protocol: Annotated[str | None, typer.Option(help="Of an exported network: strip | paper; else the model's own")] = None,
    flips: options.Flips = None,
    images: Annotated[
        Path | None,
        typer.Option(
            help="Real images on which it is held against PyTorch, int8: a folder with images/ and masks/; else the validation split"
        ),
    ] = None,
    ranges: Annotated[
        Path | None, typer.Option(help="int8: real images on which the ranges of values are measured; else the training split")
    ] = None,
    licence: Annotated[
        str | None, typer.Option(help="Of the weights, for an exported network's metadata; else what the model says")
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="safetensors: kernels in float16, half the bytes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a model as one file that predict and inspect take, with no registry at hand.

    A safetensors file also serves evaluation and fine-tuning. An ONNX file is the network with its sigmoid and all that says how it is
    used. It is kept only if it holds against PyTorch: f32 if no pixel of its maps differs by more than 1/255; int8 if S, max F and the
    verdicts are the same within 0.002, 0.002 and one image in a hundred.
    """
    from pipelines.exporting import FORMATS, PRECISIONS, Export, write_export
    from tsernet.digests import sha256_of
    from tsernet.errors import UserError
    from tsernet.flips import parse_flips

    wanted = None if flips is None else parse_flips(flips)
    if form not in FORMATS:
        raise UserError(f"--format is {form!r}, expected one of: {', '.join(FORMATS)}")
    if precision not in PRECISIONS:
        raise UserError(f"--precision is {precision!r}, expected one of: {', '.join(PRECISIONS)}")
    if form == "safetensors":
        if protocol or flips or images or ranges or licence or precision != "f32":
            raise UserError(
                "--precision, --protocol, --flips, --images, --ranges and --licence are of an exported network; give --format onnx too"
            )
        _write_weights(model, out, half, overwrite)
        checked: dict[str, Any] = {}
        said = ""
    elif half:
        raise UserError(f"--half is of a safetensors file, but --format is {form!r}")
    else:
        checked, said = write_export(Export(model, out, form, precision, protocol, wanted, images, ranges, licence, overwrite))
    facts = {"model": str(out), "bytes": out.stat().st_size, "sha256": sha256_of(out), "source": model, **checked}
    print(json.dumps(facts) if as_json else f"{out}: {facts['bytes']:,} bytes, sha256 {facts['sha256']}{'; ' if said else ''}{said}")


def _write_weights(model: str, out: Path, half: bool, overwrite: bool) -> None:
    from pipelines.model_resolver import read_model
    from pipelines.outputs import require_new_file
    from tsernet.errors import UserError
    from tsernet.weights import save_model, sha256_of

    if out.suffix != ".safetensors":
        raise UserError(f"{out}: expected a name that ends in .safetensors for the model file; --format onnx writes .onnx")
    network, metadata, source = read_model(model)
    require_new_file(out, [source], overwrite)
    try:
        save_model(out, network, metadata | {"source": model, "source_sha256": sha256_of(source)}, half)
    except ValueError as error:
        raise UserError(f"{model}: {error}") from None
