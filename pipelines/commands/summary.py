"""`tsernet summary`: what the last run of the pipeline came to, and where it lies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tsernet.errors import UserError

_EVALUATIONS, _REGISTERED, _REPORT = Path("results/evaluate"), Path("results/register.json"), Path("results/report/report.html")
_COLUMNS = {"S": "s_measure", "MAE": "mae", "max E": "max_e_measure", "max F": "max_f_measure", "weighted F": "weighted_f_measure"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("summary")(summary)


def summary(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object")] = False) -> None:
    """Print the variants' scores, the registered version, and where the report and the MLflow database lie."""
    from pipelines.redaction import redact_passwords
    from pipelines.tracking import tracking_uri

    scores = _scores()
    found = {
        "scores": scores,
        "registered": json.loads(_REGISTERED.read_text(encoding="utf-8")) if _REGISTERED.is_file() else None,
        "report": str(_REPORT.resolve()) if _REPORT.is_file() else None,
        "tracking_uri": redact_passwords(tracking_uri()),
    }
    typer.echo(json.dumps(found, indent=2)) if as_json else _print(found)


def _scores() -> list[dict[str, Any]]:
    from tsernet.config import load_params

    params = load_params()
    wanted = [(variant, seed) for variant in params.variants for seed in params.seeds]
    paths = [_EVALUATIONS / variant / str(seed) / "metrics.json" for variant, seed in wanted]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise UserError(f"{missing[0]}: not there; 'dvc repro' makes it ({len(missing)} of {len(paths)} evaluations are missing)")
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    first = found["scores"][0]
    clean = f", and {first['clean_count']} clean ones, which have no such scores" if first.get("clean_count") else ""
    table = Table("variant", "seed", *_COLUMNS, caption=f"{first['count']} test images{clean}")
    for row in found["scores"]:
        table.add_row(row["variant"], str(row["seed"]), *(f"{row[key]:.3f}" for key in _COLUMNS.values()))
    console = Console()
    console.print(table)
    registered = found["registered"]
    if registered and registered["version"]:
        alias = "champion" if registered["champion"] else "challenger"
        # Of an earlier release's run the variant is not written down: it was the full one.
        version = f"version {registered['version']} ({registered.get('variant', 'full')})"
        typer.echo(f"model    models:/{registered['name']}@{alias} is {version}: {registered['reason']}")
    elif registered:
        typer.echo(f"model    no version: {registered['reason']}")
    typer.echo(f"report   {found['report'] or 'not made yet'}")
    uri = found["tracking_uri"]
    typer.echo(f"MLflow   {uri if uri.startswith('http') else f'mlflow ui --backend-store-uri {uri}'}")
