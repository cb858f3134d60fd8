"""Scores of parts of the test set: by class, by defect size, by contrast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tsernet.metrics.measures import Floats, Grey
from tsernet.report.evaluations import Evaluation
from tsernet.report.tables import Column, Row, Table

_SIZES = ((0.0, 0.01, "under 1 %"), (0.01, 0.05, "1–5 %"), (0.05, 0.2, "5–20 %"), (0.2, 1.01, "20 % and more"))
_SHOWN = ("s_measure", "mae", "weighted_f_measure", "iou")

Chosen = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Part:
    kind: str
    label: str
    where: Chosen


def defect_contrast(image: NDArray[np.uint8], mask: Grey) -> float:
    """Measure how far a defect stands out.

    Args:
        image: uint8, (H, W) or (H, W, 3).
        mask: uint8, (H, W); above 128 is defect.
    Returns:
        The difference of mean brightness inside and outside the mask, in grey levels, 0…255; 0 for an empty or full mask.
    """
    grey = image if image.ndim == 2 else image.mean(axis=2)
    truth = mask > 128
    if truth.all() or not truth.any():
        return 0.0
    return float(abs(grey[truth].mean() - grey[~truth].mean()))


def group_table(evaluation: Evaluation, contrast: Mapping[str, float]) -> Table:
    """Score the parts of the test set.

    Args:
        evaluation: Whose.
        contrast: `defect_contrast` by image name.
    """
    columns = (
        Column("kind", "by"),
        Column("group", "group"),
        Column("count", "images", 0),
        Column("s_measure", "S", 3),
        Column("mae", "MAE", 3),
        Column("max_e_measure", "max E", 3),
        Column("max_f_measure", "max F", 3),
        Column("weighted_f_measure", "weighted F", 3),
        Column("iou", "IoU", 3),
    )
    levels = np.array([contrast[name] for name in evaluation.names])
    parts = [*_classes(evaluation), *_sizes(evaluation.coverage), *_contrasts(levels)]
    note = (
        "max E and max F are the peaks of each group's own mean curve. Defect size is the share of the image that the mask covers;"
        " contrast is the difference of mean brightness inside and outside the mask, in grey levels, cut at its terciles."
    )
    rows = tuple(_row(evaluation, part) for part in parts if part.where.any())
    return Table("groups", "Scores by class, defect size and contrast", note, columns, rows)


def _row(evaluation: Evaluation, part: _Part) -> Row:
    where = part.where
    values: dict[str, str | int | float | None] = {"kind": part.kind, "group": part.label, "count": int(where.sum())}
    values |= {key: float(evaluation.images[key][where].mean()) for key in _SHOWN}
    values["max_e_measure"] = float(evaluation.resampling.e_curves[where].mean(axis=0, dtype=np.float64).max())
    values["max_f_measure"] = float(evaluation.resampling.f_curves[where].mean(axis=0, dtype=np.float64).max())
    return Row(dict(values))


def _classes(evaluation: Evaluation) -> Iterable[_Part]:
    classes = np.array(evaluation.classes)
    return [_Part("class", str(name) or "none given", classes == name) for name in np.unique(classes)]


def _sizes(coverage: Floats) -> Iterable[_Part]:
    return [_Part("defect size", label, (coverage >= low) & (coverage < high)) for low, high, label in _SIZES]


def _contrasts(levels: Floats) -> Iterable[_Part]:
    one, two = np.quantile(levels, (1 / 3, 2 / 3))
    labels = (f"low (under {one:.0f})", f"middle ({one:.0f}–{two:.0f})", f"high ({two:.0f} and more)")
    wheres = (levels < one, (levels >= one) & (levels < two), levels >= two)
    return [_Part("contrast", label, where) for label, where in zip(labels, wheres, strict=True)]
