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


def preset(
    name: Annotated[
        str, typer.Argument(help="A file of presets/ without its suffix: demo, cpu, finish, strip, variants, methods or paper")
    ],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a params.yaml with changes that git does not have")] = False,
) -> None:
    """Copy presets/NAME.yaml to params.yaml; git shows what changed."""
    from tsernet.config import PARAMS_FILE, load_params

    known = sorted(path.stem for path in _PRESETS.glob("*.yaml"))
    if not known:
        raise UserError(f"{_PRESETS.resolve()}: no presets there; run 'tsernet preset' in the repository's root")
    if name not in known:
        raise UserError(f"preset {name!r}, expected one of: {', '.join(known)}")
    source = _PRESETS / f"{name}.yaml"
    load_params(source)
    if not overwrite and not _is_kept(PARAMS_FILE):
        raise UserError(f"{PARAMS_FILE}: holds changes that are not committed; commit them, or --overwrite to replace it")
    partial = PARAMS_FILE.with_suffix(".partial")
    partial.write_bytes(source.read_bytes())
    partial.replace(PARAMS_FILE)
    typer.echo(f"{PARAMS_FILE} is now {source}; 'dvc repro' runs it")


def _is_kept(params: Path) -> bool:
    """Say whether nothing is lost with a params file: there is none, it is a preset as it stands, or git has it."""
    from pipelines.git import run_git

    if not params.exists() or params.read_bytes() in [path.read_bytes() for path in _PRESETS.glob("*.yaml")]:
        return True
    changes = run_git(Path.cwd(), "status", "--porcelain", "--ignored", "--", str(params))
    return changes.returncode == 0 and not changes.stdout
