"""Stage `evaluate`: a trained model's maps of the test split, scored; and the threshold that the validation share would choose."""

from __future__ import annotations

import csv
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.exit_codes import run_stage
from pipelines.stages.pool import take_results
from pipelines.validation_summary import read_summary
from tsernet.config import Params, load_params
from tsernet.data.atomic import write_whole
from tsernet.errors import CheckError, UserError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pipelines.stages.operating import Fitted
    from tsernet.config import Evaluate
    from tsernet.inference import Predictor
    from tsernet.metrics import Scores
    from tsernet.runtimes import ExportedSession, Session
    from tsernet.saliency import MapMaker

PREPARED = Path("data/prepared")
SPLITS = Path("data/splits")
TRAIN = Path("results/train")
EVALUATE = Path("results/evaluate")
ACCELERATOR = "params.yaml: train.hardware.accelerator"
_HELD = 4
"""Images on which the runtime that computes the maps is held against PyTorch."""


@dataclass(frozen=True)
class _Prediction:
    name: str
    saliency: NDArray[Any]
    seconds: float


def main(arguments: Sequence[str]) -> None:
    """Evaluate the model of one variant and seed.

    Args:
        arguments: Variant and seed.
    """
    if len(arguments) != 2 or not arguments[1].isdigit():
        raise UserError(f"evaluate: expected a variant and a seed, got {' '.join(arguments) or 'nothing'}")
    variant, seed = arguments[0], int(arguments[1])
    params = load_params()
    trained, out = TRAIN / variant / str(seed), EVALUATE / variant / str(seed)
    if not take_results("evaluate", variant, seed, params, out):
        compute(variant, seed, params, trained, out)
    print(_summary(out, variant, seed))


def compute(variant: str, seed: int, params: Params, trained: Path, out: Path) -> None:
    """Evaluate the model of one variant and seed.

    Args:
        trained: Folder that the stage train wrote.
        out: Folder for maps/, per_image.csv, curves.npz, metrics.json, pr_curve.csv, validation_curve.csv, operating.json, froc.csv
            and clean.csv.
    """
    from tsernet.model_files import count_parameters

    weights = trained / "model.safetensors"
    predictor, fitted = _load(weights, params)
    scores, seconds = _score_test(predictor, out / "maps")
    validation = _score_validation(predictor)
    metrics = _metrics(scores, validation) | {
        "seconds_per_image": seconds,
        "parameters": count_parameters(weights),
        "variant": variant,
        "seed": seed,
    }
    metrics |= _detection(out, fitted, params)
    _write(out, scores, validation, metrics)
    _log(variant, seed, trained / "run.json", out, metrics)


def _summary(out: Path, variant: str, seed: int) -> str:
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    scores = f"S {metrics['s_measure']:.4f}, MAE {metrics['mae']:.4f}, max F {metrics['max_f_measure']:.4f}"
    return f"{variant}, seed {seed}: {scores}, {metrics['count']} images"


def _load(path: Path, params: Params) -> tuple[MapMaker, Fitted | None]:
    """Read the model and, for the strip's protocol, fit that on the validation split."""
    from tsernet.data.samples import read_split
    from tsernet.devices import choose_device
    from tsernet.runtimes.torch_session import open_torch

    settings, device = params.evaluate, choose_device(params.train.hardware.accelerator, ACCELERATOR)
    if settings.runtime not in ("auto", "torch") and device != "cpu":
        raise UserError(
            f"evaluate.runtime is {settings.runtime!r}, which computes on the CPU, but {ACCELERATOR} is {device!r}; set one of them"
        )
    names = read_split(SPLITS / "val.csv")
    held = names or read_split(SPLITS / "test.csv")
    if settings.protocol == "paper":
        return _load_paper(path, settings, device, held), None
    from pipelines.stages.operating import Remembered, base_protocol, fit
    from tsernet.images.levels import levels_of
    from tsernet.runtimes import ExportedSession, open_session
    from tsernet.runtimes.flipped_session import flipped
    from tsernet.saliency import StripMaps

    session, metadata = open_session(path, settings.runtime, device)
    assert not isinstance(session, ExportedSession)  # it is a .safetensors file
    levels = levels_of(metadata)
    progress, forward = _progress("calibration", max(2 * len(names), 1)), Remembered(flipped(session, settings.flips).logits)
    fitted = fit(forward, base_protocol(metadata, params), names, params, PREPARED, levels, progress)
    maker = StripMaps(forward, fitted.protocol, levels=levels)
    if settings.runtime != "torch":
        trained = flipped(open_torch(path, device)[0], settings.flips)
        _hold_against_training(path, maker, StripMaps(trained.logits, fitted.protocol, levels=levels), held)
    return maker, fitted


def _load_paper(path: Path, settings: Evaluate, device: str, held: Sequence[str]) -> MapMaker:
    from tsernet.inference import predictor_of
    from tsernet.runtimes import open_session
    from tsernet.runtimes.torch_session import open_torch

    def predictor(session: Session | ExportedSession, metadata: Mapping[str, str]) -> Predictor:
        made = predictor_of(session, metadata, batch_size=settings.batch_size)
        # The params rule over what the file says of itself: another input size is tried without training again.
        made.resize, made.stretch, made.flips = settings.resize, settings.stretch, settings.flips
        return made

    trained = predictor(*open_torch(path, device))
    if settings.runtime in ("auto", "torch"):
        return trained
    maker = predictor(*open_session(path, settings.runtime, device))
    _hold_against_training(path, maker, trained, held)
    return maker


def _hold_against_training(path: Path, maker: MapMaker, trained: MapMaker, names: Sequence[str]) -> None:
    """Check on a few images that what computes faster gives the maps of PyTorch, in which the network was trained.

    Raises:
        CheckError: If a pixel is off by more than one grey level.
    """
    from pipelines.exporting.parity import TOLERANCE, largest_difference
    from tsernet.data.pixels import read_image

    for name in names[:_HELD]:
        image = read_image(PREPARED / "images" / f"{name}.png", maker.levels, max_pixels=None)
        largest = largest_difference(maker, trained, image)
        if not largest <= TOLERANCE:
            raise CheckError(f"{path}: on {name} its maps differ from PyTorch's by up to {largest:.5f}, allowed is {TOLERANCE:.5f} (1/255)")


def _detection(out: Path, fitted: Fitted | None, params: Params) -> dict[str, Any]:
    """Write operating.json, froc.csv and clean.csv, and say what is found at the operating point."""
    from pipelines.stages.operating import detection_figures, measure_maps, write_clean, write_froc
    from tsernet.data.samples import read_split
    from tsernet.digests import sha256_of

    if fitted is None:
        _write_json(out / "operating.json", {"protocol": "paper"})
        write_froc([], out / "froc.csv")
        write_clean([], 128, {}, out / "clean.csv")
        return {}
    point = fitted.protocol.operating_point
    curves = measure_maps(out / "maps", PREPARED / "masks", read_split(SPLITS / "test.csv"), params.operate.min_area)
    _write_json(out / "operating.json", fitted.protocol.metadata())
    write_froc(curves, out / "froc.csv")
    digests = {one.name: sha256_of(PREPARED / "masks" / f"{one.name}.png") for one in curves if one.is_clean}
    write_clean(curves, point.level, digests, out / "clean.csv")
    return fitted.figures | detection_figures(curves, fitted.protocol)


def _score_test(predictor: MapMaker, maps: Path) -> tuple[Scores, float]:
    from PIL import Image

    from tsernet.data.samples import read_split
    from tsernet.metrics import score_folder

    names = read_split(SPLITS / "test.csv")
    if not names:
        raise UserError(f"{SPLITS / 'test.csv'}: expected images to test on, got none")
    maps.mkdir(parents=True, exist_ok=True)
    seconds = []
    for prediction in _predict(predictor, names, _progress("predicting", len(names))):
        place = maps / f"{prediction.name}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(prediction.saliency).save(place)
        seconds.append(prediction.seconds)
    scores = score_folder(maps, PREPARED / "masks", names, progress=_progress("scoring", len(names)), max_pixels=None)
    if not scores.count:
        raise UserError(f"{SPLITS / 'test.csv'}: expected test images with a defect and ground around it, got {len(names)} without")
    # The median: the first batch warms up, and other processes share the machine.
    return scores, statistics.median(seconds)


def _score_validation(predictor: MapMaker) -> Scores | None:
    from tsernet.data.samples import read_split
    from tsernet.metrics import read_grey, score_pairs

    names = read_split(SPLITS / "val.csv")
    if not names:
        return None
    predictions = _predict(predictor, names, _progress("validation share", len(names)))
    pairs = ((one.name, one.saliency, read_grey(PREPARED / "masks" / f"{one.name}.png", max_pixels=None)) for one in predictions)
    scores = score_pairs(pairs)
    return scores if scores.count else None


def _predict(predictor: MapMaker, names: Sequence[str], progress: Callable[[int, int], None]) -> Iterator[_Prediction]:
    from tsernet.data.pixels import read_image
    from tsernet.inference import to_uint8

    step = predictor.batch_size
    for start in range(0, len(names), step):
        batch = names[start : start + step]
        images = [read_image(PREPARED / "images" / f"{name}.png", predictor.levels, max_pixels=None) for name in batch]
        begin = time.perf_counter()
        maps = predictor.predict(images)
        seconds = (time.perf_counter() - begin) / len(batch)
        for name, saliency in zip(batch, maps, strict=True):
            yield _Prediction(name, to_uint8(saliency), seconds)
        progress(start + len(batch), len(names))


def _progress(what: str, total: int) -> Callable[[int, int], None]:
    # A line every tenth: DVC shows a stage's output as it is, and a bar with a thread of its own would forbid the scoring's forks.
    said = 0

    def show(done: int, _: int) -> None:
        nonlocal said
        tenth = 10 * done // total
        if tenth > said:
            said = tenth
            print(f"{what}: {done} of {total}", file=sys.stderr)

    return show


def _metrics(scores: Scores, validation: Scores | None) -> dict[str, Any]:
    metrics: dict[str, Any] = dict(scores.measures())
    metrics |= {
        "masks_digest": scores.masks_digest,
        "test_digest": read_summary().digests["test"],
        "best_threshold": scores.curves.best_threshold,
    }
    if validation:
        chosen = validation.curves.best_threshold
        metrics |= {
            "validation_count": validation.count,
            "validation_threshold": chosen,
            "validation_max_f_measure": validation.max_f_measure,
            "f_measure_at_validation_threshold": float(scores.curves.f_measure[chosen]),
            "iou_at_validation_threshold": float(scores.curves.iou[chosen]),
        }
    return metrics


def _write(out: Path, scores: Scores, validation: Scores | None, metrics: dict[str, Any]) -> None:
    from tsernet.metrics import write_curves, write_per_image
    from tsernet.metrics.store import ImageCurves

    write_per_image(scores, out / "per_image.csv", _classes())
    write_curves(scores.curves, out / "pr_curve.csv")
    write_curves(validation.curves if validation else None, out / "validation_curve.csv")
    ImageCurves.of(scores).write(out / "curves.npz")
    _write_json(out / "metrics.json", metrics)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, json.dumps(content, indent=2) + "\n")


def _classes() -> dict[str, str]:
    with (SPLITS / "test.csv").open(newline="", encoding="utf-8") as file:
        return {row["name"]: row.get("class", "") for row in csv.DictReader(file)}


def _log(variant: str, seed: int, run_file: Path, out: Path, metrics: dict[str, Any]) -> None:
    from pipelines.tracking import child_run

    try:
        run_id = str(json.loads(run_file.read_text(encoding="utf-8"))["run_id"])
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{run_file}: expected the training's run, cannot be read: {error}") from None
    with child_run(variant, seed, resume=run_id) as run:
        run.log_metrics({f"test/{key}": float(value) for key, value in metrics.items() if isinstance(value, int | float) and key != "seed"})
        for name in ("metrics.json", "per_image.csv", "pr_curve.csv", "validation_curve.csv", "operating.json", "froc.csv", "clean.csv"):
            run.log_artifact(out / name, "evaluation")


if __name__ == "__main__":
    run_stage(main)
