"""The tasks of a retraining: each runs its stages of dvc.yaml as a subprocess and computes nothing itself."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from pipelines.flows import artifacts
from pipelines.flows.concurrency import concurrency_slot
from pipelines.flows.gpus import reserve_gpu
from pipelines.flows.settings import Settings
from pipelines.flows.stage_process import dvc, run_command, stage_environment
from pipelines.flows.workspace.worktree import create_workspace, run_environment, save_experiment, write_params
from tsernet.config import Params
from tsernet.data.inherited import CHAMPION


@dataclass(frozen=True)
class Place:
    """Where a flow run works: the workspace, what its stages have in their environment, and its parameters."""

    path: Path
    environment: dict[str, str] = field(repr=False)  # may hold the tracking store's password
    params: Params


@task(name="workspace", task_run_name="workspace", cache_policy=NO_CACHE)
def workspace(repository: Path, run_id: str, settings: Settings) -> Place:
    """Check out the revision and write its parameters."""
    path = create_workspace(repository, run_id, settings.revision)
    params = write_params(path, repository, settings)
    get_run_logger().info("workspace %s at %s", path, settings.revision)
    if excluded := params.dataset.exclude:
        named = ", ".join(excluded[:10]) + (", …" if len(excluded) > 10 else "")
        get_run_logger().warning(
            "left out, being copied (younger than %d s, or growing) or excluded: %d images: %s",
            settings.settle_seconds,
            len(excluded),
            named,
        )
    return Place(path, run_environment(repository, run_id), params)


@task(name="acquire and prepare", task_run_name="acquire and prepare", cache_policy=NO_CACHE, retry_delay_seconds=20)
def acquire_and_prepare(place: Place) -> None:
    """Fetch the images and make samples of them."""
    repro(place, "check", "acquire", "prepare")


def fetch(place: Place) -> None:
    """Acquire and prepare, with two more tries where the images come over a network; elsewhere a repetition would fail alike."""
    network = place.params.dataset.source == "sd-saliency-900"
    acquire_and_prepare.with_options(retries=2 if network else 0)(place)


@task(name="split and validate", task_run_name="split and validate", cache_policy=NO_CACHE)
def split_and_validate(place: Place) -> None:
    """Split, and stop here if the data fails an expectation."""
    try:
        _inherit(place)
        repro(place, "split", "validate")
    finally:
        artifacts.show_validation(place.path)


def _inherit(place: Place) -> None:
    """Pin what is taken over from the champion: of this moment, whichever an earlier run or the revision's dvc.lock had pinned."""
    # A revision of before that stage takes nothing over.
    if "\n  inherit:" in (place.path / "dvc.yaml").read_text(encoding="utf-8"):
        repro(place, "inherit", force=CHAMPION in (place.params.model.start_from, place.params.split.keep))


@task(name="train", task_run_name="train {variant} {seed}", cache_policy=NO_CACHE)
def train(place: Place, variant: str, seed: int, own_slot: bool = False) -> None:
    """Train one variant with one seed; never retried by itself, for a rerun goes on from the checkpoint."""
    with concurrency_slot() if own_slot else nullcontext(), reserve_gpu(place.params.train.hardware.devices) as gpu:
        repro(place, f"train@{variant}-{seed}", extra=gpu)


@task(name="evaluate", task_run_name="evaluate {variant} {seed}", cache_policy=NO_CACHE)
def evaluate(place: Place, variant: str, seed: int, own_slot: bool = False) -> None:
    """Score one trained model on the test split."""
    with concurrency_slot() if own_slot else nullcontext(), reserve_gpu(place.params.train.hardware.devices) as gpu:
        repro(place, f"evaluate@{variant}-{seed}", extra=gpu)


@task(name="compare", task_run_name="compare", cache_policy=NO_CACHE)
def compare(place: Place) -> None:
    """Write the report and show its images."""
    repro(place, "compare")
    artifacts.show_figures(place.path)


@task(name="register", task_run_name="register", cache_policy=NO_CACHE)
def register(place: Place) -> None:
    """Make a version and promote it where it is better.

    Forced: whether it is better depends on the champion of the moment, which DVC does not see.
    """
    repro(place, "register", force=True)
    artifacts.show_scores(place.path)


@task(name="keep", task_run_name="keep", cache_policy=NO_CACHE)
def keep(place: Place, name: str) -> str:
    """Save the workspace as a DVC experiment of the person's repository."""
    saved = save_experiment(place.path, name)
    artifacts.show_links(place.path, saved, place.params.register_.variant)
    get_run_logger().info("kept as the DVC experiment %s: 'dvc exp apply %s' puts it into the working copy", saved, saved)
    return saved


def repro(place: Place, *stages: str, force: bool = False, extra: dict[str, str] | None = None) -> None:
    """Run stages of dvc.yaml in the workspace, each alone, and hand their output to the run's log."""
    flags = ["--single-item", *(["--force"] if force else [])]
    environment = stage_environment(place.environment | (extra or {}))
    run_command(dvc("repro", *flags, *stages), place.path, environment, get_run_logger().info)
