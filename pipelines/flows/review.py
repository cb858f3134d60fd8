"""The flow `review`: the inspected images that are worth a person's time, as a project of an annotation tool; an alarm may start it."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from prefect import flow, get_run_logger, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.events import emit_event
from prefect.states import Completed
from pydantic import BaseModel, ConfigDict, Field

from pipelines.flows.stage_process import run_command, stage_environment, tsernet
from pipelines.flows.wait_for_server import wait_for_server
from pipelines.flows.workspace.context import flow_workspace
from pipelines.flows.workspace.worktree import run_environment
from pipelines.reviewing.project import TABLE
from pipelines.services.names import MODEL_PATTERN, REVIEWED_EVENT, monitored

_PROJECTS, _LOG = Path(".tsernet/reviews"), Path(".tsernet/inspections")
_MOST_ROWS = 20


class ReviewSettings(BaseModel):
    """What a person may choose for the export: the form on the deployment's page."""

    model_config = ConfigDict(extra="forbid")

    images: str = Field(
        default="data/frames",
        min_length=1,
        max_length=1000,
        description="Folder of the inspected images, from the repository's root on: the inspection log keeps their figures alone.",
    )
    budget: int = Field(default=50, ge=1, le=10_000, description="So many images at most.")
    format: Literal["labelme", "cvat", "label-studio"] = Field(default="labelme", description="Tool that the project is for.")
    model: str = Field(
        default="models:/tsernet@champion", pattern=MODEL_PATTERN, max_length=200, description="Whose maps are the first annotations."
    )


@flow(name="review", persist_result=False)
def review(settings: ReviewSettings = ReviewSettings()) -> State[Any]:  # noqa: B008 (Prefect wants the form's defaults in the signature)
    """Export the inspected images that are worth a person's time; the run's page says which, why, and how they come back."""
    with flow_workspace() as (repository, run_id):
        project = repository / _PROJECTS / f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}"
        said: list[str] = []
        try:
            export(repository, run_id, settings, project, said)
        finally:  # a frame that cannot be read fails the run, with its name; the others are exported all the same
            if (project / TABLE).is_file():
                show(project, settings.model, said)
    return Completed(name="Exported", message=str(project))


@task(name="export", task_run_name="export", cache_policy=NO_CACHE)
def export(repository: Path, run_id: str, settings: ReviewSettings, project: Path, said: list[str]) -> None:
    """Run `tsernet review` in the repository, over the images that its inspection log has."""
    options = ["--to", str(project), "--log", str(_LOG), "--model", settings.model]
    options += ["--budget", str(settings.budget), "--format", settings.format]

    def heard(line: str) -> None:
        said.append(line)
        get_run_logger().info(line)

    environment = stage_environment(run_environment(repository, run_id))
    run_command(tsernet("review", settings.images, *options), repository, environment, heard)


@task(name="show", task_run_name="show", cache_policy=NO_CACHE)
def show(project: Path, model: str, said: list[str]) -> None:
    """Show what was chosen on the run's page, and emit the event."""
    with (project / TABLE).open(newline="", encoding="utf-8") as lines:
        chosen = list(csv.DictReader(lines))
    wait_for_server()
    create_markdown_artifact(summary_of(project, chosen, said), key="review", description="Images that are worth a person's time")
    name, resource = monitored(model)
    about = {"prefect.resource.id": resource, "prefect.resource.name": name}
    emit_event(REVIEWED_EVENT, about, payload={"project": str(project), "images": len(chosen)})


def summary_of(project: Path, chosen: list[dict[str, str]], said: list[str]) -> str:
    """Put what was exported into Markdown."""
    lines = [f"{len(chosen)} images to correct in `{project}`", "", "| | Image | Why |", "| --: | --- | --- |"]
    lines += [f"| {one['rank']} | {one['image']} | {one['reason']} |" for one in chosen[:_MOST_ROWS]]
    more = len(chosen) - _MOST_ROWS
    return "\n".join([*lines, *([f"| | and {more} more | `{project / TABLE}` |"] if more > 0 else []), "", *said])
