"""`tsernet benchmark`: every performance figure in the docs comes from here."""

from __future__ import annotations

import importlib
import pkgutil

import typer

from pipelines import benchmarks


def register(app: typer.Typer) -> None:
    """Add the group `benchmark`; every module of pipelines.benchmarks that measures something registers its own command."""
    group = typer.Typer(help="Measure: medians over repetitions, with what the machine is.", no_args_is_help=True)
    for found in sorted(pkgutil.iter_modules(benchmarks.__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{benchmarks.__name__}.{found.name}")
        if hasattr(module, "register"):
            module.register(group)
    app.add_typer(group, name="benchmark")
