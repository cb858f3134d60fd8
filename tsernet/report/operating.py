"""The strip's operating point: what it finds, and the curve that it lies on."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tsernet.metrics.measures import Floats
from tsernet.operating import place_of
from tsernet.protocol import OperatingPoint
from tsernet.report.tables import Column, Row, Table


@dataclass(frozen=True, slots=True)
class Operating:
    """A model of the strip's protocol on the test split.

    `figures`: of metrics.json. `level`: the operating point, 8-bit. `found` and `per_megapixel`: the free-response ROC;
    `by_size`: of small, medium and large defects; all (K,), NaN where there are none.
    """

    figures: Mapping[str, Any]
    level: int
    found: Floats
    by_size: Mapping[str, Floats]
    per_megapixel: Floats

    @property
    def place(self) -> int:
        """The operating point's place on the curve."""
        return place_of(self.level)


def read_operating(metrics: Mapping[str, Any], froc: Path) -> Operating | None:
    """Read what evaluate left of the strip's protocol; None for a model of the paper's."""
    if "operating_threshold" not in metrics:
        return None
    with froc.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    def column(key: str) -> Floats:
        return np.array([float(row[key]) if row[key] else np.nan for row in rows])

    return Operating(
        metrics,
        OperatingPoint(float(metrics["operating_threshold"])).level,
        column("found"),
        {size: column(f"found_{size}") for size in ("small", "medium", "large")},
        column("false_per_megapixel"),
    )


def marked_clean(tables: Mapping[str, Table]) -> tuple[int, int] | None:
    """Give how many clean test images are marked at the operating point, and how many there are; None where that is not known."""
    row = tables["operating"].rows[-1].values if "operating" in tables else {}
    clean, share = row.get("clean"), row.get("marked_clean")
    if row.get("split") != "test" or not isinstance(clean, int) or not isinstance(share, float):
        return None
    return round(clean * share / 100), clean


def operating_table(operating: Operating) -> Table:
    """Show what the operating point gives on validation and test."""
    columns = (
        Column("split", "images"),
        Column("defective", "defective", 0, "images"),
        Column("marked_defective", "of these marked, %", 1, "images"),
        Column("clean", "clean", 0, "images"),
        Column("marked_clean", "of these marked, %", 1, "images"),
        Column("found", "defects found, %", 1, "components"),
        Column("false", "false in a million pixels", 2, "components"),
    )
    figures = operating.figures
    rows = []
    for label, prefix in (("validation, with clean windows cut from it", "validation_"), ("test", "")):
        if f"{prefix}found_share" not in figures:
            continue
        share = {key: figures.get(f"{prefix}{key}") for key in ("marked_defective", "marked_clean", "found_share")}
        percent = {key: None if value is None else 100 * float(value) for key, value in share.items()}
        rows.append(
            Row(
                {
                    "split": label,
                    "defective": figures[f"{prefix}defective_images"],
                    "marked_defective": percent["marked_defective"],
                    "clean": figures[f"{prefix}clean_images"],
                    "marked_clean": percent["marked_clean"],
                    "found": percent["found_share"],
                    "false": figures[f"{prefix}false_per_megapixel"],
                }
            )
        )
    told = [
        f"Threshold {float(figures['operating_threshold']):.3f}, groups of at least {figures['operating_min_area']} pixels;"
        f" chosen on the validation split by the rule {figures['operating_rule']}.",
        f"Expected calibration error on the validation split {figures['validation_calibration_error']:.4f} before and"
        f" {figures['validation_calibration_error_after']:.4f} after the calibration.",
    ]
    if figures.get("image_auroc") is not None:
        told.append(
            f"Whole images told apart on the test split: AUROC {figures['image_auroc']:.3f}, average precision"
            f" {figures['image_average_precision']:.3f}; clean images marked where 95 and 99 % of the defective ones are:"
            f" {100 * figures['false_alarms_at_95']:.1f} and {100 * figures['false_alarms_at_99']:.1f} %."
        )
    return Table("operating", "The operating point", " ".join(told), columns, tuple(rows))
