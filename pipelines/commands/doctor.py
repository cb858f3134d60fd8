"""`tsernet doctor`: what is reachable, what is missing, and for each the line that mends it."""

from __future__ import annotations

import dataclasses
import json
import sys
from typing import Annotated

import typer

from tsernet.errors import CheckError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
    clean: Annotated[bool, typer.Option("--clean", help="first clear up what killed flow runs have left")] = False,
) -> None:
    """Examine the repository, the records and the servers; exit code 1 if something is missing."""
    from pipelines.services.doctor import run_checks

    if clean:
        _clean()
    findings = run_checks()
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(f"{'ok     ' if finding.good else 'missing'}  {finding.name}: {finding.detail}")
            if finding.mend:
                typer.echo(f"         mend: {finding.mend}")
    missing = [finding.name for finding in findings if not finding.good]
    if missing:
        raise CheckError(f"{len(missing)} of {len(findings)} need mending: {', '.join(missing)}")


def _clean() -> None:
    from pipelines.flows.workspace.orphans import clean_orphans
    from pipelines.flows.workspace.worktree import find_repository

    for run_id in clean_orphans(find_repository()):
        print(f"doctor: cleared up what flow run {run_id} had left", file=sys.stderr)
