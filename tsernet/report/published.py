"""The paper's figures, as published.

Source: Han et al., TIM 2022, Tables I, II and III.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

from tsernet.methods.names import network_label

# The measures that the paper prints.
PRINTED = ("s_measure", "mae", "max_e_measure", "max_f_measure")

LABELS = {
    "full": "TSERNet",
    "no_subnet": "w/o sub-net",
    "no_efbi": "w/o EFBI",
    "no_erm": "w/o ERM",
    "no_fig": "w/o FIG",
    "no_big": "w/o BIG",
    "no_self_edge": "w/o self-edge",
    "no_s_edge": "w/o S_edge",
}


@dataclass(frozen=True, slots=True)
class PaperRow:
    """A published row; figures that a table does not print are None, parameters are in millions."""

    table: str
    name: str
    year: int
    type: str
    parameters: float | None
    measures: dict[str, float | None]


@cache
def paper_rows(table: str) -> tuple[PaperRow, ...]:
    """Give the rows of a table in the paper's order.

    Args:
        table: I, II or III.
    """
    text = resources.files("tsernet.report").joinpath("paper_tables.csv").read_text(encoding="utf-8")
    return tuple(_row(row) for row in csv.DictReader(text.splitlines()) if row["table"] == table)


def label_of(variant: str) -> str:
    """Name a variant of ours where the paper's own TSERNet stands beside it."""
    label = short_label(variant)
    return label if variant != "full" and variant in LABELS else f"{label} (ours)"


def short_label(variant: str) -> str:
    """Name a variant, or another method, where none but ours stand."""
    return LABELS.get(variant) or network_label(variant)


def network_name(variant: str) -> str:
    """Name a network where nothing around it says whose variant it is."""
    return f"TSERNet {LABELS[variant]}" if variant in LABELS and variant != "full" else short_label(variant)


def model_name(variant: str, begins: bool = False) -> str:
    """Name the network that a report is about, within a sentence or where one begins."""
    return f"{'The' if begins else 'the'} full model" if variant == "full" else network_name(variant)


def published_variant(variant: str) -> PaperRow | None:
    """Find a variant's published row; the full one's and another method's is Table I's, which has every figure."""
    in_table_one = variant == "full" or variant not in LABELS
    rows = paper_rows("I") if in_table_one else (*paper_rows("II"), *paper_rows("III"))
    name = short_label(variant) if in_table_one else variant
    return next((row for row in rows if row.name == name), None)


def _row(row: dict[str, str]) -> PaperRow:
    def number(key: str) -> float | None:
        return float(row[key]) if row[key] else None

    measures = {key: number(key) for key in PRINTED}
    return PaperRow(row["table"], row["name"], int(row["year"]), row["type"], number("params_millions"), measures)
