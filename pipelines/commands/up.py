"""`tsernet up`: MLflow, Prefect, worker, pool, limit and deployments, in one command."""

from __future__ import annotations

import os
import signal
import sys
import time
from types import FrameType
from typing import Annotated

import typer

from pipelines.services.names import PAGE_PORT

_SECONDS_BETWEEN_LOOKS = 1.0


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("up")(up)


Slots = Annotated[
    int | None,
    typer.Option(min=1, max=64, help="how many trainings may run at once: the number of GPUs; else as the limit gpu says"),
]


Page = Annotated[int, typer.Option(min=0, max=65535, help="port of the inspection page; 0: none. Another one is taken if it is")]


def up(slots: Slots = None, page_port: Page = PAGE_PORT) -> None:
    """Serve MLflow's, Prefect's and the inspection's page on loopback and retrain when asked there; Ctrl-C ends everything."""
    from pipelines.flows.workspace.worktree import find_repository
    from pipelines.services.stack import Stack

    stack = Stack(find_repository(), slots, lambda what: print(f"up: {what}", file=sys.stderr, flush=True), page_port)
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell's background job would else be deaf to SIGINT
        signal.signal(number, _as_interrupt)
    try:
        addresses = stack.start()
        typer.echo(f"Prefect  {addresses.prefect}\nMLflow   {addresses.mlflow}")
        if addresses.inspect:
            typer.echo(f"Inspect  {addresses.inspect}")
        typer.echo("Retrain: open Deployments, retrain/default, Run; or in another terminal:")
        typer.echo(f"export PREFECT_API_URL={addresses.api} MLFLOW_TRACKING_URI={addresses.mlflow}{_around_proxies()}")
        typer.echo("prefect deployment run retrain/default")
        sys.stdout.flush()
        while True:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            stack.supervise()
    except KeyboardInterrupt:
        print("up: ending", file=sys.stderr, flush=True)
    finally:
        # A second Ctrl-C must not leave half of it behind.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        stack.stop()


def _around_proxies() -> str:
    """Spell what else the other terminal needs where it has a proxy."""
    from pipelines.loopback import around_proxies, has_proxy

    return "".join(f" {name}={value}" for name, value in around_proxies(os.environ).items()) if has_proxy(os.environ) else ""


def _as_interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt
