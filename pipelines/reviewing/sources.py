"""What images are weighed by: the models, the figures of the training images, the inspection log, the report."""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.model_resolver import default_model, open_model
from tsernet.data.layout import files_below
from tsernet.errors import UserError
from tsernet.images.formats import SUFFIXES
from tsernet.images.levels import parse_levels
from tsernet.report.failures import KINDS
from tsernet.review import Reference, reference_of
from tsernet.review.candidates import FIGURES, Judge, Scales, figures_of
from tsernet.saliency import StripMaps, map_maker

_PREPARED, _TRAIN = Path("data/prepared/images"), Path("data/splits/train.csv")
_REPORT = Path("results/report")
_MOST_REFERENCES = 500
_MIDDLE = 128
_PAPER_AREA = 40.0
Figures = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Asked:
    """The options of `tsernet review`, as given."""

    model: str | None
    challenger: str | None
    reference: Path | None
    report: Path | None
    device: str
    runtime: str
    levels: str | None
    max_pixels: int | None


def scales_of(asked: Asked, figures: Figures | None) -> Scales:
    """Open the models and read what else images are weighed by; what is not there is said on stderr and not weighed.

    Args:
        asked: What the user wants.
        figures: Of the inspection log, by image name.
    Raises:
        UserError: If something that was asked for is not there.
    """
    name = asked.model or default_model()
    judge = _judge(name, asked)
    other = asked.challenger or _registered_challenger(name)
    challenger = _judge(other, asked) if other else None
    if challenger is None:
        print("no challenger: where two models disagree is not looked at (--challenger)", file=sys.stderr)
    reference = _reference(name, asked, judge)
    if reference is None:
        print("no training images here: drift is not looked at (--reference)", file=sys.stderr)
    return Scales(judge, challenger, reference, figures, _label_errors(asked.report), asked.max_pixels)


def logged(folder: Path, paths: Mapping[str, Path]) -> tuple[Figures, int]:
    """Read the figures of the images that an inspection log has.

    Args:
        folder: Of the log.
        paths: The images by name.
    Returns:
        The newest figures by image name, by the digest of its file; and how many images of the log are none of these.
    Raises:
        UserError: If there is no log.
    """
    from pipelines.serving.log import files_of, read_log
    from tsernet.digests import sha256_of

    if not folder.is_dir() or not files_of(folder):
        raise UserError(f"{folder}: holds no inspection log; 'tsernet serve' writes one to .tsernet/inspections")
    rows = {row["image_sha256"]: {name: float(row[name]) for name in FIGURES} for row in read_log(folder, ("image_sha256", *FIGURES))}
    digests = {name: sha256_of(path) for name, path in paths.items()}
    return {name: rows[digest] for name, digest in digests.items() if digest in rows}, len(rows.keys() - set(digests.values()))


def _judge(name: str, asked: Asked) -> Judge:
    session, metadata, _ = open_model(name, asked.runtime, asked.device)
    maker = map_maker(session, metadata)
    maker.levels = parse_levels(asked.levels, maker.levels)
    if isinstance(maker, StripMaps):
        point = maker.protocol.operating_point
        return Judge(maker, point.level, float(point.min_area))
    return Judge(maker, _MIDDLE, _PAPER_AREA)


def _registered_challenger(model: str) -> str | None:
    """Name the registry's challenger, where the model is an alias of a registered one."""
    if not model.startswith("models:") or "@" not in model:
        return None
    from pipelines.registry.versions import CHALLENGER, Registry, parse_uri

    name, _ = parse_uri(model)
    number = Registry(name).alias(CHALLENGER)
    return f"models:/{name}/{number}" if number else None


def _reference(name: str, asked: Asked, judge: Judge) -> Reference | None:
    if asked.reference is None and (known := remembered_reference(name)) is not None:
        return known
    paths = _reference_images(asked.reference)
    step = max(1, len(paths) // _MOST_REFERENCES)
    rows = [figures_of(path, judge.maker, asked.max_pixels) for path in paths[::step]]
    return reference_of(rows) if rows else None


def remembered_reference(name: str) -> Reference | None:
    """Take the figures of a registered version's own training images, which `tsernet monitor` has remembered; None if it has not."""
    if not name.startswith("models:"):
        return None
    from pipelines.monitoring.figures import sharpness_variance
    from pipelines.monitoring.monitor import Look, known_reference
    from pipelines.tracking.location import local_state, repository_root

    state = local_state()
    found = known_reference(Look(name, state / "inspections", state / "monitor", repository_root()))
    if found is None:
        return None
    columns = {key: found.figures.columns[key] for key in FIGURES}
    columns["sharpness"] = sharpness_variance(columns["sharpness"])
    return reference_of([{key: float(values[row]) for key, values in columns.items()} for row in range(len(found.figures))])


def _reference_images(folder: Path | None) -> list[Path]:
    if folder is not None:
        if not folder.is_dir() or not (found := list(files_below(folder, SUFFIXES))):
            raise UserError(f"{folder}: expected a folder of the training images")
        return found
    if not _PREPARED.is_dir() or not _TRAIN.is_file():
        return []
    from tsernet.data.samples import read_split

    return [_PREPARED / f"{name}.png" for name in read_split(_TRAIN)]


def _label_errors(report: Path | None) -> dict[str, tuple[float, str]]:
    """Read the possible label errors of a report, worst first: the worst counts 1, the last next to nothing."""
    path = (report or _REPORT) / "tables" / "failures.csv"
    if not path.is_file():
        if report is not None:
            raise UserError(f"{report}: expected the folder of a report, with tables/failures.csv")
        print("no report here: possible label errors are not looked at (--report)", file=sys.stderr)
        return {}
    title = next(kind.title for kind in KINDS if kind.key == "border_only")
    with path.open(newline="", encoding="utf-8") as lines:
        found = [(row["name"], row["words"]) for row in csv.DictReader(lines) if row["kind"] == title]
    return {name: (1.0 - place / len(found), words) for place, (name, words) in enumerate(found)}
