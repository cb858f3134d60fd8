"""Stage `train`: Algorithm 1 for one variant and seed.

Checkpoints lie in `.tsernet/checkpoints/FINGERPRINT/` (or under $TSERNET_CHECKPOINTS), where DVC does not delete them: the
same training started again goes on from there, in the same MLflow run.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.exit_codes import run_stage
from pipelines.stages.pool import take_results
from pipelines.tracking.location import local_state
from pipelines.validation_summary import SUMMARY, read_summary
from tsernet.config import Params, load_params
from tsernet.data.atomic import write_whole
from tsernet.errors import CheckError, StoppedError, UserError

if TYPE_CHECKING:
    from pipelines.tracking import ChildRun
    from tsernet.data.pixels import ImageArray

PREPARED, SPLITS = Path("data/prepared"), Path("data/splits")


class RunReporter:
    """Hands a training's rows and images to its MLflow run."""

    def __init__(self, run: ChildRun) -> None:
        self._run = run

    def row(self, step: int, row: dict[str, float]) -> None:
        """Log a row: `loss…` and `lr` under train/, `val_…` under val/."""
        self._run.log_step(step, {_metric_name(name): value for name, value in row.items()})

    def image(self, name: str, image: ImageArray, step: int) -> None:
        """Log an image at a step."""
        self._run.log_image(image, name, step)


def main(arguments: Sequence[str]) -> None:
    """Train, and write model.safetensors, last.safetensors, history.csv and run.json."""
    if len(arguments) != 2 or not arguments[1].isdecimal():
        raise UserError(f"train: expected VARIANT SEED, got {' '.join(arguments) or 'nothing'}")
    variant, seed = arguments[0], int(arguments[1])
    params = load_params()
    if variant not in params.variants:
        raise UserError(f"train: variant {variant!r}, expected one of params.yaml's: {', '.join(params.variants)}")
    out = Path("results/train") / variant / str(seed)
    if not take_results("train", variant, seed, params, out):
        compute(variant, seed, params, out)


def is_current(variant: str, seed: int, params: Params) -> bool:
    """Say whether results/train holds what a training of this variant and seed would give now."""
    record, weights = (Path("results/train") / variant / str(seed) / name for name in ("run.json", "model.safetensors"))
    if not record.is_file() or not weights.is_file():
        return False
    known = json.loads(record.read_text(encoding="utf-8")).get("fingerprint")
    return bool(known == _fingerprint(variant, seed, params, read_summary().digests))


def compute(variant: str, seed: int, params: Params, out: Path) -> None:
    """Train one variant with one seed.

    Args:
        out: Folder for model.safetensors, last.safetensors, history.csv and run.json.
    """
    summary = read_summary()
    if not summary.passed:
        raise CheckError(
            f"train: the data did not pass its validation ({summary.errors} errors, {SUMMARY}); 'dvc repro validate' names them"
        )
    _train(variant, seed, params, summary.digests, out)


def _train(variant: str, seed: int, params: Params, digests: dict[str, str], out: Path) -> None:
    from pipelines import tracking
    from tsernet.data.inherited import find_start
    from tsernet.data.levels import read_levels
    from tsernet.data.samples import read_split
    from tsernet.training import TrainingJob, train
    from tsernet.training.distributed import process_rank

    levels, start = read_levels(SPLITS), find_start(params.model.start_from)
    fingerprint = _fingerprint(variant, seed, params, digests)
    checkpoints = _checkpoint_root() / fingerprint
    parts = (read_split(SPLITS / "train.csv"), read_split(SPLITS / "val.csv"))
    job = TrainingJob(variant, seed, params, PREPARED, *parts, checkpoints, levels, start)
    if process_rank() > 0:
        _train_silently(job)
        return
    with tracking.child_run(variant, seed, resume=_earlier_run(checkpoints)) as run:
        _write_json(checkpoints / "run.json", {"run_id": run.run_id})
        run.log_params(_flat(params.model_dump(mode="json", by_alias=True)))
        run.set_tags({"tsernet.fingerprint": fingerprint, **{f"tsernet.digest.{name}": digest for name, digest in digests.items()}})
        if start is not None:
            run.set_tags({"tsernet.start": start.model, "tsernet.start_sha256": start.weights_sha256})
        result = train(job, RunReporter(run))
        _write_results(out, job, result, run, fingerprint)
    shutil.rmtree(checkpoints)


def _fingerprint(variant: str, seed: int, params: Params, digests: dict[str, str]) -> str:
    from tsernet.data.inherited import find_start
    from tsernet.data.levels import read_levels
    from tsernet.training.fingerprint import training_fingerprint

    start = find_start(params.model.start_from)
    data = f"{digests['train']} {digests['val']}"
    return training_fingerprint(params, variant, seed, data, read_levels(SPLITS), start.weights_sha256 if start else None)


def _train_silently(job: Any) -> None:
    """Train as one of several processes: the first of them writes, reports and says why all of them end."""
    from tsernet.training import NoReporter, train
    from tsernet.training.checks import NotFiniteError

    with suppress(StoppedError, NotFiniteError):
        train(job, NoReporter())


def _write_results(out: Path, job: Any, result: Any, run: ChildRun, fingerprint: str) -> None:
    from tsernet.weights import save_model, sha256_of

    out.mkdir(parents=True, exist_ok=True)
    settings = job.params.train
    metadata = {
        "variant": job.variant,
        "resize": str(settings.augment.resize),
        "scaling": settings.scaling,
        "stretch": "true",
        # What was shown in windows knows its scale, and goes over a strip at it; `evaluate` calibrates it for that.
        "protocol": "strip" if settings.window else "paper",
        "window": str(settings.window or _common_side()),
    }
    if job.levels is not None:
        metadata |= job.levels.metadata()
    save_model(out / "model.safetensors", result.model, metadata)
    result.model.load_state_dict(result.last)
    save_model(out / "last.safetensors", result.model, metadata)
    result.history.write_csv(out / "history.csv")
    record = {
        "run_id": run.run_id,
        "parent_run_id": run.parent_run_id,
        "experiment_id": run.experiment_id,
        "variant": job.variant,
        "seed": job.seed,
        "steps": result.history.steps,
        "chosen_step": result.chosen_step,
        "fingerprint": fingerprint,
        "weights_sha256": sha256_of(out / "model.safetensors"),
    }
    if result.step_seconds is not None:
        record["step_seconds"] = result.step_seconds
    if job.start is not None:
        record["start"] = {"model": job.start.model, "weights_sha256": job.start.weights_sha256}
    if job.levels is not None:
        record["levels"] = {"black": job.levels.black, "white": job.levels.white}
    _write_json(out / "run.json", record)
    run.set_tags({"tsernet.weights_sha256": str(record["weights_sha256"])})
    run.log_artifact(out / "history.csv")


def _common_side() -> int:
    """Give the side of the images where all are squares of one size, else 0: whole images of several sizes have no one scale."""
    from tsernet.data.prepare.manifest import read_manifest

    sizes = {size for row in read_manifest(PREPARED / "manifest.csv") if row.usable for size in (row.width, row.height)}
    side = sizes.pop() if len(sizes) == 1 else None
    return side or 0


def _checkpoint_root() -> Path:
    named = os.environ.get("TSERNET_CHECKPOINTS")
    return Path(named) if named else local_state() / "checkpoints"


def _earlier_run(checkpoints: Path) -> str | None:
    record = checkpoints / "run.json"
    return json.loads(record.read_text(encoding="utf-8"))["run_id"] if record.is_file() else None


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=2) + "\n")


def _metric_name(column: str) -> str:
    return f"val/{column.removeprefix('val_')}" if column.startswith("val_") else f"train/{column}"


def _flat(tree: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        flat |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return flat


if __name__ == "__main__":
    run_stage(main)
