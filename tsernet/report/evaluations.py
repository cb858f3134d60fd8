"""What `evaluate` left for each variant and seed."""

from __future__ import annotations

import csv
import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tsernet.errors import CheckError, UserError
from tsernet.metrics import MEASURES, Curves
from tsernet.metrics.measures import Floats
from tsernet.metrics.store import ImageCurves
from tsernet.report.operating import Operating, read_operating
from tsernet.report.tables import Spread


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One variant, one seed.

    `measures` are the dataset's ten; `images` holds each measure as (count,) in the order of `names`; `validation` is None where the
    split keeps no validation share; `operating` is None for a model of the paper's protocol.
    """

    variant: str
    seed: int
    folder: Path
    measures: Mapping[str, float]
    masks_digest: str
    test_digest: str
    parameters: int
    seconds_per_image: float
    names: tuple[str, ...]
    classes: tuple[str, ...]
    coverage: Floats
    images: Mapping[str, Floats]
    curves: Curves
    validation: Curves | None
    resampling: ImageCurves
    operating: Operating | None = None


@dataclass(frozen=True, slots=True)
class Evaluations:
    """All that was evaluated, by variant; a variant that was not has an empty list and is never filled in from others."""

    by_variant: Mapping[str, Sequence[Evaluation]]

    def first(self, variant: str) -> Evaluation | None:
        """Give a variant's evaluation of the first seed that has one."""
        return next(iter(self.by_variant.get(variant, ())), None)

    def all(self) -> list[Evaluation]:
        """List them in the order of variants and seeds."""
        return [evaluation for evaluations in self.by_variant.values() for evaluation in evaluations]


def load_evaluations(root: Path, variants: Sequence[str], seeds: Sequence[int]) -> Evaluations:
    """Read the evaluations of variants × seeds that exist.

    Raises:
        UserError: If one of them cannot be read.
        CheckError: If two were scored against different masks; the message gives both digests.
    """
    found = {
        variant: [load_evaluation(folder) for seed in seeds if (folder := root / variant / str(seed)).joinpath("metrics.json").exists()]
        for variant in variants
    }
    evaluations = Evaluations(found)
    _check_masks(evaluations.all())
    return evaluations


def check_same_masks(one: str, digest: str, other: str, other_digest: str) -> None:
    """Refuse to set figures side by side that were made against different masks.

    Raises:
        CheckError: With both names and both digests.
    """
    if digest != other_digest:
        raise CheckError(
            f"the masks changed between evaluations: {one} was scored against {digest}, {other} against {other_digest};"
            " run `dvc repro` to evaluate all against the same masks"
        )


def over_seeds(evaluations: Sequence[Evaluation], measure: str) -> Spread | None:
    """Give a measure's mean and standard deviation over seeds; None where nothing was evaluated."""
    values = [evaluation.measures[measure] for evaluation in evaluations]
    if not values:
        return None
    return Spread(statistics.fmean(values), statistics.stdev(values) if len(values) > 1 else None)


def load_evaluation(folder: Path) -> Evaluation:
    """Read one evaluation.

    Raises:
        UserError: If a file is missing or not what evaluate writes.
    """
    try:
        metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        rows = _read_csv(folder / "per_image.csv")
        return Evaluation(
            variant=str(metrics["variant"]),
            seed=int(metrics["seed"]),
            folder=folder,
            measures={measure.key: float(metrics[measure.key]) for measure in MEASURES},
            masks_digest=str(metrics["masks_digest"]),
            test_digest=str(metrics["test_digest"]),
            parameters=int(metrics["parameters"]),
            seconds_per_image=float(metrics["seconds_per_image"]),
            names=tuple(row["name"] for row in rows),
            classes=tuple(row["class"] for row in rows),
            coverage=_column(rows, "coverage"),
            images={measure.key: _column(rows, measure.key) for measure in MEASURES},
            curves=_read_curves(folder / "pr_curve.csv"),
            validation=_read_validation(folder / "validation_curve.csv"),
            resampling=ImageCurves.read(folder / "curves.npz"),
            operating=read_operating(metrics, folder / "froc.csv"),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{folder}: expected what evaluate writes, cannot be read: {error!r}") from None


def _check_masks(evaluations: Sequence[Evaluation]) -> None:
    for other in evaluations[1:]:
        one = evaluations[0]
        check_same_masks(str(one.folder), one.masks_digest, str(other.folder), other.masks_digest)


def _read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _column(rows: Sequence[Mapping[str, str]], key: str) -> Floats:
    return np.array([float(row[key]) for row in rows])


def _read_curves(path: Path) -> Curves:
    rows = _read_csv(path)
    return Curves(
        precision=_column(rows, "precision"),
        recall=_column(rows, "recall"),
        f_measure=_column(rows, "f_measure"),
        e_measure=_column(rows, "e_measure"),
        iou=_column(rows, "iou"),
    )


def _read_validation(path: Path) -> Curves | None:
    curves = _read_curves(path)
    return curves if curves.f_measure.size else None
