"""The flow `retrain`: the graph of dvc.yaml, stage by stage, in a workspace of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.concurrency.sync import concurrency
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from pipelines.flows.settings import Settings
from pipelines.flows.stage_process import dvc, run_command, stage_environment
from pipelines.flows.workspace import (
    create_workspace,
    find_repository,
    remove_workspace,
    run_environment,
    save_experiment,
    workspace_path,
    write_params,
)
from tsernet.config import Params

LIMIT = "gpu"
# The shortest that Prefect allows: so long does a slot stay taken when its holder is killed.
_LEASE_SECONDS = 60


@dataclass(frozen=True)
class Place:
    """Where a flow run works: the person's repository, the workspace beside it, and what its stages have in their environment."""

    repository: Path
    path: Path
    environment: dict[str, str]
    params: Params


@flow(name="retrain", log_prints=False, persist_result=False)
def retrain(settings: Settings = Settings()) -> str:  # noqa: B008 (frozen in effect: Prefect copies it into each run)
    """Retrain from the pictures to a registered version, without touching anyone's working copy."""
    repository, run_id = find_repository(), str(flow_run.id)
    try:
        place = workspace(repository, run_id, settings)
        acquire_and_prepare(place)
        split_and_validate(place)
        items = [(variant, seed) for variant in place.params.variants for seed in place.params.seeds]
        # A broken connection must not end a training of hours: the device's own file lock stands below the slot.
        with concurrency(LIMIT, occupy=1, strict=True, lease_duration=_LEASE_SECONDS, raise_on_lease_renewal_failure=False):
            for variant, seed in items:
                train(place, variant, seed)
            for variant, seed in items:
                evaluate(place, variant, seed)
        compare(place)
        register(place)
        return keep(place, str(flow_run.name))
    finally:
        remove_workspace(repository, workspace_path(repository, run_id))


@task(name="workspace", task_run_name="workspace", cache_policy=NO_CACHE)
def workspace(repository: Path, run_id: str, settings: Settings) -> Place:
    """Check out the revision and write its parameters."""
    path = create_workspace(repository, run_id, settings.revision)
    params = write_params(path, repository, settings)
    get_run_logger().info("workspace %s at %s", path, settings.revision)
    return Place(repository, path, stage_environment(run_environment(repository, run_id)), params)


@task(name="acquire and prepare", task_run_name="acquire and prepare", cache_policy=NO_CACHE, retries=2, retry_delay_seconds=30)
def acquire_and_prepare(place: Place) -> None:
    """Fetch the pictures and make samples of them."""
    _repro(place, "check", "acquire", "prepare")


@task(name="split and validate", task_run_name="split and validate", cache_policy=NO_CACHE)
def split_and_validate(place: Place) -> None:
    """Split, and stop here if the data breaks a promise."""
    _repro(place, "split", "validate")


@task(name="train", task_run_name="train {variant} {seed}", cache_policy=NO_CACHE)
def train(place: Place, variant: str, seed: int) -> None:
    """Train one variant with one seed; never retried by itself, for a rerun goes on from the checkpoint."""
    _repro(place, f"train@{variant}-{seed}")


@task(name="evaluate", task_run_name="evaluate {variant} {seed}", cache_policy=NO_CACHE)
def evaluate(place: Place, variant: str, seed: int) -> None:
    """Score one trained model on the test split."""
    _repro(place, f"evaluate@{variant}-{seed}")


@task(name="compare", task_run_name="compare", cache_policy=NO_CACHE)
def compare(place: Place) -> None:
    """Write the report."""
    _repro(place, "compare")


@task(name="register", task_run_name="register", cache_policy=NO_CACHE)
def register(place: Place) -> None:
    """Make a version and promote it where it is better.

    Forced: whether it is better depends on the champion of the moment, which DVC does not see.
    """
    _repro(place, "register", force=True)


@task(name="keep", task_run_name="keep", cache_policy=NO_CACHE)
def keep(place: Place, name: str) -> str:
    """Save the workspace as a DVC experiment of the person's repository."""
    saved = save_experiment(place.path, name)
    get_run_logger().info("kept as the DVC experiment %s: 'dvc exp apply %s' puts it into the working copy", saved, saved)
    return saved


def _repro(place: Place, *stages: str, force: bool = False) -> None:
    flags = ["--single-item", *(["--force"] if force else [])]
    run_command(dvc("repro", *flags, *stages), place.path, place.environment, get_run_logger().info)
