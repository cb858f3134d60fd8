#!/usr/bin/env bash
# SURPRISE: what typer.main.get_command returns is no click.Command any more: Typer carries a Click of its own, so isinstance fails, and make_metavar is gone from arguments.
# HURTS: who documents or tests a Typer application with tools made for Click (mkdocs-click, sphinx-click, click.testing): they meet objects that they do not know.
# VERSIONS: typer 0.29.2 beside click 8.5.1, Python 3.11; seen 2026-11-27
# Expected: a subclass of click.Command, as Typer's documentation of get_command has long said.
# Here: docs/hooks.py reads names, help and options alone, which both have.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check typer==0.29.2 click==8.5.1
cat > "$work/try.py" <<'PY'
import click
import typer

app = typer.Typer()


@app.command()
def inspect(image: str) -> None:
    """Look at an image."""


command = typer.main.get_command(app)
print("bases:", [f"{one.__module__}.{one.__name__}" for one in type(command).__mro__[:2]])
print("is a click.Command:", isinstance(command, click.Command), "; argument has make_metavar:", hasattr(command.params[0], "make_metavar"))
assert not isinstance(command, click.Command), "Typer's commands are Click's again"
PY
"$work/venv/bin/python" "$work/try.py"
