"""What a retraining shows on its run's page: the data's expectations, the scores, the images, the ways on."""

from __future__ import annotations

import base64
import io
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from prefect.artifacts import create_image_artifact, create_link_artifact, create_markdown_artifact, create_table_artifact

from pipelines.flows.wait_for_server import wait_for_server
from tsernet.measures import MEASURES

_FIGURES = {"pr-curve": ("pr_curves.png", "Precision and recall"), "comparison-sheet": ("comparison.png", "Images, masks, maps")}
# An image travels inside the artifact, since the workspace does not outlive the run.
_WIDEST = 1200
_MOST_NAMES = 20


def show_validation(workspace: Path) -> None:
    """Show which expectations the data keeps, with the failing names; nothing if validation did not come so far."""
    path = workspace / "results/validation/summary.json"
    if path.is_file():
        wait_for_server()
        create_markdown_artifact(validation_table(_read(path)), key="validation", description="What the data expectations")


def validation_table(summary: dict[str, Any]) -> str:
    """Put summary.json into a Markdown table, broken expectations first."""
    expectations = sorted(summary.get("expectations", []), key=lambda expectation: expectation["success"])
    rows = [
        f"| {_verdict(expectation)} | {expectation['description']} | {_names(expectation['failing'])} |" for expectation in expectations
    ]
    head = f"**{'Passed' if summary['passed'] else 'Failed'}**: {summary['errors']} errors, {summary['warnings']} warnings\n\n"
    return head + "\n".join(["| | Expectation | Failing |", "| --- | --- | --- |", *rows])


def show_scores(workspace: Path) -> None:
    """Show every evaluated model's measures, and those of the champion that the new version was measured against."""
    rows = [_scores(_read(path)) for path in sorted(workspace.glob("results/evaluate/*/*/metrics.json"))]
    figures = _register_record(workspace).get("figures", {})
    against = {name: figures[name]["champion"] for name in MEASURES if name in figures}
    if against:
        rows.append({"model": "champion before"} | _figures(against))
    if rows:
        wait_for_server()
        create_table_artifact(rows, key="scores", description="Measures on the test split")


def show_figures(workspace: Path) -> None:
    """Show the PR curve and the comparison sheet."""
    for key, (name, description) in _FIGURES.items():
        path = workspace / "results/report/figures" / name
        if path.is_file():
            wait_for_server()
            create_image_artifact(image_url=as_data_uri(path), key=key, description=description)


def show_links(workspace: Path, experiment: str, registered: str) -> None:
    """Link the MLflow run that trained what is registered, the version and the report; where MLflow has no address, say what opens them."""
    server = _without_secret(os.environ.get("MLFLOW_TRACKING_URI", ""))
    run = next((_read(path) for path in sorted(workspace.glob(f"results/train/{registered}/*/run.json"))), None)
    record = _register_record(workspace)
    wait_for_server()
    if server.startswith("http") and run:
        address = f"{server}/#/experiments/{run['experiment_id']}/runs"
        create_link_artifact(f"{address}/{run['parent_run_id']}", "The MLflow run", key="mlflow-run")
        create_link_artifact(f"{address}/{run['parent_run_id']}/artifacts/report/report.html", "The report", key="report")
        if record.get("version"):
            link = f"{server}/#/models/{record.get('name', 'tsernet')}/versions/{record['version']}"
            create_link_artifact(link, f"Version {record['version']}", key="version")
    lines = [
        f"- Version: {record.get('version') or 'none'} {record.get('reason', '')}".rstrip(),
        f"- MLflow run: `{run['parent_run_id'] if run else 'none'}`",
        f"- DVC experiment: `dvc exp apply {experiment}` puts everything, `results/report/report.html` too, into the working copy",
    ]
    create_markdown_artifact("\n".join(lines), key="where-to-go-on", description="Where the result is")


def as_data_uri(path: Path) -> str:
    """Make an image a `data:` address, no wider than a page."""
    from PIL import Image

    with Image.open(path) as opened:
        image = opened.convert("RGB")
    image.thumbnail((_WIDEST, 4 * _WIDEST))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _without_secret(uri: str) -> str:
    """Drop user and password of an address: an artifact is for everyone to read, and a link with a redacted password would not open."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1])).rstrip("/")


def _verdict(expectation: dict[str, Any]) -> str:
    return "met" if expectation["success"] else f"**{expectation['severity']}**"


def _names(names: list[Any]) -> str:
    shown = ", ".join(str(name) for name in names[:_MOST_NAMES])
    return shown if len(names) <= _MOST_NAMES else f"{shown} and {len(names) - _MOST_NAMES} more"


def _scores(metrics: dict[str, Any]) -> dict[str, Any]:
    return {"model": f"{metrics.get('variant')} {metrics.get('seed')}"} | _figures(metrics)


def _figures(metrics: dict[str, Any]) -> dict[str, Any]:
    return {name: round(metrics[name], 4) for name in MEASURES if isinstance(metrics.get(name), int | float)}


def _register_record(workspace: Path) -> dict[str, Any]:
    path = workspace / "results/register.json"
    return _read(path) if path.is_file() else {}


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
