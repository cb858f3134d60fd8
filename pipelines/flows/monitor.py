"""The flow `monitor`: whether the last inspected images are still of the training images' kind, as an event for alerts and retrainings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.events.worker import EventsWorker
from prefect.states import Completed
from pydantic import BaseModel, ConfigDict, Field

from pipelines.flows.stage_process import run_command, stage_environment, tsernet
from pipelines.flows.wait_for_server import wait_for_server
from pipelines.flows.workspace.context import flow_workspace
from pipelines.flows.workspace.worktree import run_environment
from pipelines.monitoring.seen import mark_seen, seen_until
from pipelines.services.names import DRIFTED_EVENT, MODEL_PATTERN, STEADY_EVENT, monitored


class MonitorSettings(BaseModel):
    """What a person may choose for the comparison: the form on the deployment's page."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(
        default="models:/tsernet@champion",
        pattern=MODEL_PATTERN,
        max_length=200,
        description="Whose training images are the reference; an alias is followed.",
    )
    window: int = Field(default=100, ge=20, le=10_000, description="How many images are compared at once.")
    rate: float = Field(default=0.002, ge=0.0001, le=0.2, description="Share of windows that may alarm although nothing has changed.")
    new_only: bool = Field(default=True, description="Compare only images that no earlier run has compared; else the last ones each time.")


@flow(name="monitor", persist_result=False)
def monitor(settings: MonitorSettings = MonitorSettings()) -> State[Any]:  # noqa: B008 (Prefect wants the form's defaults in the signature)
    """Compare the last inspected images with the champion's training images; the run's state is named after the answer."""
    with flow_workspace() as (repository, run_id):
        found = compare_window(repository, run_id, settings)
        show(found, settings.model)
        if settings.new_only and found["status"] != "waiting":
            mark_seen(_state(repository), found["last"])
    return Completed(name=found["status"].capitalize(), message=found["sentence"])


@task(name="compare", task_run_name="compare", cache_policy=NO_CACHE)
def compare_window(repository: Path, run_id: str, settings: MonitorSettings) -> dict[str, Any]:
    """Run `tsernet monitor` in the repository, whose log and training images it reads; nothing but its own folder is written."""
    options = ["--model", settings.model, "--window", str(settings.window), "--rate", str(settings.rate)]
    if settings.new_only and (seen := seen_until(_state(repository))):
        options += ["--since", seen]  # not --new-only, which would count them as seen before the event is out
    lines: list[str] = []

    def heard(line: str) -> None:
        lines.append(line)
        if not line.startswith("{"):
            get_run_logger().info(line)

    environment = stage_environment(run_environment(repository, run_id))
    run_command(tsernet("monitor", "--json", "--exit-zero", *options), repository, environment, heard)
    found: dict[str, Any] = json.loads(next(line for line in lines if line.startswith("{")))
    get_run_logger().info("%s: %s", found["status"], found["sentence"])
    return found


@task(name="show", task_run_name="show", cache_policy=NO_CACHE)
def show(found: dict[str, Any], model: str) -> None:
    """Show the columns on the run's page, and emit the event; a window that is not full yet is no news."""
    wait_for_server()
    create_markdown_artifact(summary_of(found), key="drift", description="The last inspected images beside the training images")
    if found["status"] == "waiting":
        return
    payload = {key: found[key] for key in ("moved", "rate", "images", "first", "last", "models", "columns", "notes", "report")}
    name, about = monitored(model)
    resource = {"prefect.resource.id": about, "prefect.resource.name": name, "tsernet.moved": ",".join(found["moved"])}
    emit_event(DRIFTED_EVENT if found["moved"] else STEADY_EVENT, resource, payload=payload)
    EventsWorker.instance().drain()  # emitting only queues it


def _state(repository: Path) -> Path:
    return repository / ".tsernet" / "monitor"


def summary_of(found: dict[str, Any]) -> str:
    """Put what was found into Markdown, the columns that moved first."""
    lines = [f"**{found['status'].capitalize()}**: {found['sentence']}", ""]
    if found["columns"]:
        ranked = sorted(found["columns"].items(), key=lambda item: (not item[1]["moved"], -item[1]["distance"]))
        lines += ["| | Column | Median, training → window | Distance | Limit |", "| --- | --- | --- | --: | --: |"]
        for key, one in ranked:
            medians = f"{one['reference_median']:g} → {one['window_median']:g}"
            lines.append(f"| {'**moved**' if one['moved'] else ''} | {key} | {medians} | {one['distance']:.2f} | {one['limit']:.2f} |")
        lines += ["", f"From {found['first']} to {found['last']}. The page: `{found['report']}`"]
    return "\n".join([*lines, *(f"\n{note}." for note in found["notes"])])
