"""Scores as CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tsernet.errors import UserError
from tsernet.metrics.measures import MEASURES, THRESHOLDS
from tsernet.metrics.scores import Curves, Scores


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table whole or not at all; its folder is made if need be.

    Raises:
        UserError: If the file cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([header, *rows])
        part.replace(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror})") from None


def write_per_image(scores: Scores, path: Path, classes: Mapping[str, str] | None = None) -> None:
    """Write each image's scores.

    Args:
        scores: What to write.
        path: The CSV file: name, class, coverage, mask_digest and the ten measures. The mean of a measure's column is the dataset's figure.
            Images whose masks are all ground or all defect have no row.
        classes: Class by name; where absent the column is left empty.
    """
    keys = ["coverage", "mask_digest", *(measure.key for measure in MEASURES)]
    known = classes or {}
    rows = ([row.name, known.get(row.name, ""), *(getattr(row, key) for key in keys)] for row in scores.per_image)
    write_csv(path, ["name", "class", *keys], rows)


def write_curves(curves: Curves | None, path: Path) -> None:
    """Write the dataset's mean curves.

    Args:
        curves: What to write; None, for a share without images, writes the header alone.
        path: The CSV file: threshold 0…255, precision, recall, f_measure, e_measure, iou.
    """
    keys = ["precision", "recall", "f_measure", "e_measure", "iou"]
    rows = zip(range(THRESHOLDS), *(getattr(curves, key) for key in keys), strict=True) if curves else ()
    write_csv(path, ["threshold", *keys], rows)
