"""`tsernet preset`: put a complete parameter set into params.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tsernet.errors import UserError

_PRESETS = Path("presets")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("preset")(preset)


def preset(name: Annotated[str, typer.Argument(help="demo, cpu, variants or paper: a file of presets/ without its suffix")]) -> None:
    """Copy presets/NAME.yaml to params.yaml; git shows what changed."""
    from tsernet.config import PARAMS_FILE, load_params

    known = sorted(path.stem for path in _PRESETS.glob("*.yaml"))
    if not known:
        raise UserError(f"{_PRESETS.resolve()}: no presets there; run 'tsernet preset' in the repository's root")
    if name not in known:
        raise UserError(f"preset {name!r}, expected one of: {', '.join(known)}")
    source = _PRESETS / f"{name}.yaml"
    load_params(source)
    partial = PARAMS_FILE.with_suffix(".partial")
    partial.write_bytes(source.read_bytes())
    partial.replace(PARAMS_FILE)
    typer.echo(f"{PARAMS_FILE} is now {source}; 'dvc repro' runs it")
