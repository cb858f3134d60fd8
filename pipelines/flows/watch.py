"""The flow `watch`: a retraining when the images in the folder are not those that the champion was made from."""

from __future__ import annotations

import json
from pathlib import Path

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment

from pipelines.flows.settings import Settings
from pipelines.flows.stage_process import run_command, stage_environment, tsernet
from pipelines.flows.tasks import Place, fetch, split_and_validate, workspace
from pipelines.flows.workspace.context import flow_workspace
from pipelines.services.names import RETRAIN
from tsernet.errors import CheckError


@flow(name="watch", persist_result=False)
def watch(settings: Settings = Settings(source="folder")) -> bool:  # noqa: B008 (Prefect wants the form's defaults in the signature)
    """Validate the folder's images and start a retraining if their digest is new; say whether it did."""
    with flow_workspace() as (repository, run_id):
        place = workspace(repository, run_id, settings)
        fetch(place)
        split_and_validate(place)
        found, known = digest_of(place.path), champion_digest(place)
    if found == known:
        get_run_logger().info("the champion was made from these images (%s)", found)
        return False
    # The same images start one retraining, also where it did not bring a new champion.
    key = f"watch-{found}"
    started = run_deployment(RETRAIN, parameters={"settings": settings.model_dump()}, timeout=0, idempotency_key=key, as_subflow=False)
    assert isinstance(started, FlowRun)  # a coroutine only inside an event loop
    get_run_logger().info("images %s, champion's %s: retraining is run %s", found, known or "none", started.name)
    return True


def digest_of(workspace_folder: Path) -> str:
    """Read the digest of all samples from the passed validation."""
    summary = json.loads((workspace_folder / "results/validation/summary.json").read_text(encoding="utf-8"))
    return str(summary["digests"]["dataset"])


def champion_digest(place: Place) -> str | None:
    """Ask the registry which images the champion was made from; None where there is no champion.

    Raises:
        CheckError: If the registry cannot be asked: its silence must not start a retraining.
    """
    lines: list[str] = []
    uri = f"models:/{place.params.register_.name}@champion"
    try:
        run_command(tsernet("models", "trace", uri, "--json"), place.path, stage_environment(place.environment), lines.append)
    except CheckError as error:
        if "no such model" not in str(error):
            raise
        get_run_logger().info("no champion: %s", error)
        return None
    # The answer is one line; a library may have said a word before it.
    return str(json.loads(next(line for line in lines if line.startswith("{")))["data"])
