"""`tsernet export`: any model as one file to hand on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the command `export`."""
    app.command()(export)


def export(
    model: Annotated[str, typer.Argument(help="A model of the registry, a .safetensors file, or `shipped`.")],
    out: Annotated[Path, typer.Argument(help="The model file to write (.safetensors).")],
    half: Annotated[bool, typer.Option("--half", help="Kernels in float16: half the bytes.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Write a model as one safetensors file that predict, evaluate and fine-tuning take, with no registry at hand."""
    from pipelines.model_resolver import read_model
    from pipelines.outputs import require_new_file
    from tsernet.errors import UserError
    from tsernet.weights import save_model, sha256_of

    if out.suffix != ".safetensors":
        raise UserError(f"{out}: expected a name that ends in .safetensors for the model file")
    network, metadata, source = read_model(model)
    require_new_file(out, [source], overwrite)
    try:
        save_model(out, network, metadata | {"source": model, "source_sha256": sha256_of(source)}, half)
    except ValueError as error:
        raise UserError(f"{model}: {error}") from None
    facts = {"model": str(out), "bytes": out.stat().st_size, "sha256": sha256_of(out), "source": model}
    print(json.dumps(facts) if as_json else f"{out}: {facts['bytes']:,} bytes, sha256 {facts['sha256']}")
