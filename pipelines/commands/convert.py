"""`tsernet convert`: the authors' released checkpoint as a model file of ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tsernet.models import TSERNet

# How the released code feeds the network: 256×256, each image divided by its own maximum, maps stretched.
OFFICIAL_INPUT = {"resize": "256", "scaling": "own_max", "stretch": "true"}


def register(app: typer.Typer) -> None:
    """Add the command `convert`."""
    app.command()(convert)


def convert(
    official: Annotated[Path, typer.Argument(help="The released checkpoint (.pth), or the same tensors as .safetensors.")],
    out: Annotated[Path, typer.Argument(help="The model file to write (.safetensors).")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Turn the authors' released weights into a model that predict, evaluate and fine-tuning take."""
    from pipelines.outputs import require_new_file
    from tsernet.errors import UserError
    from tsernet.models.encoder_weights import read_tensors
    from tsernet.weights import save_model, sha256_of

    if out.suffix != ".safetensors":
        raise UserError(f"{out}: expected a name that ends in .safetensors for the model file")
    require_new_file(out, [official], overwrite)
    _require_foreign(official)
    weights = read_tensors(official)
    model, dropped = _fill(official, weights)
    save_model(out, model, {**OFFICIAL_INPUT, "source": official.name, "source_sha256": sha256_of(official)})
    facts: dict[str, object] = {
        "model": str(out),
        "variant": model.variant,
        "width": model.width,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "sha256": sha256_of(out),
        "dropped": list(dropped),
    }
    print(json.dumps(facts) if as_json else _in_words(facts, dropped))


def _require_foreign(source: Path) -> None:
    """Refuse what this package has written itself: there is nothing to convert, and its names of layers would all be unexpected."""
    from safetensors import SafetensorError, safe_open

    from tsernet.errors import UserError
    from tsernet.model_files import FORMAT
    from tsernet.runtimes import is_exported

    own = is_exported(source) and source.is_file()
    if source.suffix == ".safetensors" and source.is_file():
        with suppress(SafetensorError, OSError), safe_open(source, framework="numpy") as file:  # a damaged one is named when it is read
            own = (file.metadata() or {}).get("format") == FORMAT
    if own:
        raise UserError(
            f"{source}: is a model of this package already, expected the authors' weights (.pth); predict and inspect take it as it is"
        )


def _fill(source: Path, weights: Mapping[str, object]) -> tuple[TSERNet, tuple[str, ...]]:
    from tsernet.errors import UserError
    from tsernet.models import load_official, outline_tsernet

    model = outline_tsernet().to_empty(device="cpu")
    try:
        return model, load_official(model, weights)
    except ValueError as error:
        raise UserError(f"{source}: {error}") from None


def _in_words(facts: dict[str, object], dropped: tuple[str, ...]) -> str:
    network = f"variant {facts['variant']}, width {facts['width']}, {facts['parameters']:,} parameters"
    lines = [f"{facts['model']}: {network}, sha256 {facts['sha256']}"]
    if dropped:
        layers = sorted({".".join(key.split(".")[:2]) for key in dropped})
        lines.append(f"dropped {len(dropped)} tensors of layers that the network never calls: {', '.join(layers)}")
    return "\n".join(lines)
