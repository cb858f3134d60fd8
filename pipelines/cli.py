"""The `tsernet` command."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Annotated

import typer

from pipelines import commands
from pipelines.exit_codes import ending_in_one_line
from pipelines.extras import extra_of
from pipelines.loopback import bypass_proxy_for_loopback
from tsernet.errors import UserError


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"tsernet {version('tsernet')}")
        raise typer.Exit


def build_app() -> typer.Typer:
    """Gather the commands: every module of pipelines.commands registers its own."""
    app = typer.Typer(
        name="tsernet",
        help="Find defects on strip steel: inspect, predict, score, look models up, retrain.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    app.callback()(_options)
    for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda module: module.name):
        importlib.import_module(f"{commands.__name__}.{module.name}").register(app)
    return app


def _options(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")] = False,
) -> None:
    """Find defects on strip steel: inspect, predict, score, look models up, retrain."""


def main() -> None:
    """Run the command and end the process: 0 done, 1 a check does not hold, 2 a mistake of the user's, 130 Ctrl-C, or the command's own."""
    bypass_proxy_for_loopback()
    with ending_in_one_line():
        try:
            build_app()()
        except SystemExit as ended:
            # Typer ends without a word, and with 130, whatever says that the process was told to stop.
            stopped = getattr(ended.__context__, "__cause__", None)
            if isinstance(stopped, KeyboardInterrupt):
                raise stopped from None
            raise
        except ModuleNotFoundError as error:
            extra = extra_of(error.name)
            if extra is None:
                raise
            raise UserError(f"this needs {error.name}, which is not installed; pip install 'tsernet[{extra}]'") from None


if __name__ == "__main__":
    main()
