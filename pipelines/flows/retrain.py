"""The flow `retrain`: the graph of dvc.yaml, stage by stage, in a workspace of its own."""

from __future__ import annotations

from prefect import flow
from prefect.runtime import flow_run

from pipelines.flows.settings import Settings
from pipelines.flows.task_runners import train_and_evaluate
from pipelines.flows.tasks import compare, fetch, keep, register, split_and_validate, workspace
from pipelines.flows.workspace.context import flow_workspace


@flow(name="retrain", persist_result=False)
def retrain(settings: Settings = Settings()) -> str:  # noqa: B008 (Prefect wants the form's defaults in the signature)
    """Retrain from the images to a registered version, without touching anyone's working copy."""
    with flow_workspace() as (repository, run_id):
        place = workspace(repository, run_id, settings)
        fetch(place)
        split_and_validate(place)
        train_and_evaluate(place, settings.spread)
        compare(place)
        register(place)
        return keep(place, str(flow_run.name))
