"""`tsernet send-metrics`: what runs could not tell the tracking server while it was away."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("send-metrics")(send_metrics)


def send_metrics() -> None:
    """Send to MLflow what waits locally because the tracking server was away."""
    from pipelines.tracking import send_all

    sent = send_all()
    print(f"sent {sent.records} records of {len(sent.runs)} runs")
    for place in sent.refused:
        print(f"refused by MLflow, with the reasons: {place}/refused.jsonl")
