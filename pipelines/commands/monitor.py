"""`tsernet monitor`: whether the last inspected images are still of the training images' kind."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines import options
from pipelines.exit_codes import DRIFTED

if TYPE_CHECKING:
    from pipelines.monitoring.verdict import Verdict


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("monitor")(monitor)


def monitor(
    model: options.Model = None,
    log: Annotated[Path | None, typer.Option(help="Folder of the inspection log; else .tsernet/inspections of the repository")] = None,
    window: Annotated[int, typer.Option(min=20, max=10_000, help="How many of the last images are compared")] = 100,
    rate: Annotated[float, typer.Option(min=0.0001, max=0.2, help="Share of windows that may alarm although nothing has changed")] = 0.002,
    new_only: Annotated[
        bool,
        typer.Option("--new-only", help="Compare only images that no earlier call with this option has compared"),
    ] = False,
    since: Annotated[
        str,
        typer.Option(
            help="Compare only images inspected after this moment: `last` of --json, a day, or any of ISO 8601; UTC without an offset"
        ),
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Where the report is written; else .tsernet/monitor/reports")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing report")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs: one line")] = False,
    exit_zero: Annotated[bool, typer.Option("--exit-zero", help="End with 0 also where the window has drifted")] = False,
) -> None:
    """Compare the last inspected images with those that the model was trained on; exit code 4 if they have drifted.

    A window that is not full yet has not drifted: nothing is compared then.
    """
    from pipelines.model_resolver import default_model, find_model
    from pipelines.monitoring.monitor import Look, look, write_page
    from pipelines.monitoring.seen import mark_seen, seen_until
    from pipelines.monitoring.verdict import WAITING
    from pipelines.monitoring.window import parse_moment
    from pipelines.outputs import require_new_file
    from pipelines.tracking.location import local_state, repository_root
    from tsernet.errors import UserError

    # Both said by hand, both silent in a call that waits: it would wait for ever for the images of a slip of the pen.
    if log is not None and not log.is_dir():
        raise UserError(f"--log {log}: no such folder; 'tsernet serve --log {log}' makes it with the first image")
    if model is not None:
        find_model(model)
    state = local_state() / "monitor"
    if out is not None:
        require_new_file(out, [], overwrite)
    given = parse_moment(since)
    after = max(given, seen_until(state)) if new_only else given
    wanted = Look(model or default_model(), log or local_state() / "inspections", state, repository_root(), window, rate, after)
    verdict = look(wanted, lambda line: print(line, file=sys.stderr, flush=True))
    page = None if verdict.status == WAITING else write_page(verdict, state, out)
    if as_json:
        typer.echo(json.dumps(verdict.as_json() | {"report": str(page or "")}))
    else:
        typer.echo(_told(verdict) + (f"\nreport: {page}" if page else ""))
    if new_only and verdict.status != WAITING:  # last: who is killed before has told nobody, and the next call compares them again
        sys.stdout.flush()
        mark_seen(state, verdict.about["last"])
    if verdict.moved and not exit_zero:
        raise typer.Exit(DRIFTED)


def _told(verdict: Verdict) -> str:
    columns = verdict.as_json()["columns"]
    lines = [f"{verdict.status}: {verdict.sentence}"]
    for key in verdict.moved:
        one = columns[key]
        medians = f"median {one['reference_median']:g} → {one['window_median']:g}"
        lines.append(f"  {key:<16} {medians}; distance {one['distance']:.2f}, limit {one['limit']:.2f}")
    return "\n".join([*lines, *(f"  note: {note}" for note in verdict.notes)])
