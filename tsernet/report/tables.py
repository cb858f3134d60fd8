"""A table once, and its four forms: HTML (by the page's template), Markdown, CSV and LaTeX."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tsernet.metrics import write_csv

MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over seeds and its standard deviation (n − 1), which a single seed does not have."""

    mean: float
    sd: float | None = None


Value = str | int | float | Spread | None


@dataclass(frozen=True, slots=True)
class Column:
    """A column: digits None is text; `signed` writes a plus; `group` is a heading over neighbouring columns."""

    key: str
    label: str
    digits: int | None = None
    group: str = ""
    signed: bool = False

    def show(self, value: Value) -> str:
        """Write a value as a reader sees it; None is a dash."""
        if value is None:
            return "–"
        if isinstance(value, str):
            return value
        if isinstance(value, Spread):
            mean = self.show(value.mean)
            return mean if value.sd is None else f"{mean} ± {value.sd:.{self.digits or 0}f}"
        text = f"{value:{'+' if self.signed else ''},.{self.digits or 0}f}"
        # A difference that rounds to nothing has no sign.
        return text.lstrip("+-") if self.signed and float(text.replace(",", "")) == 0 else text.replace("-", "−")


@dataclass(frozen=True, slots=True)
class Row:
    """A row's values by column key; `kind` is main, ours, published, baseline, missing or empty, for its looks."""

    values: Mapping[str, Value]
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """A heading over `span` columns."""

    label: str
    span: int


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table; `name` is its file name."""

    name: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def groups(self) -> list[Group]:
        """Give the headings over neighbouring columns; empty where no column has one."""
        groups: list[Group] = []
        for column in self.columns:
            if groups and groups[-1].label == column.group:
                groups[-1] = Group(column.group, groups[-1].span + 1)
            else:
                groups.append(Group(column.group, 1))
        return groups if any(group.label for group in groups) else []

    def text(self, row: Row, column: Column) -> str:
        """Write one cell."""
        return column.show(row.values.get(column.key))

    def sort_key(self, row: Row, column: Column) -> str:
        """Give what the page sorts by: a number, a text, or nothing, which comes last."""
        value = row.values.get(column.key)
        if isinstance(value, Spread):
            value = value.mean
        if value is None or value == MISSING or (isinstance(value, float) and math.isnan(value)):
            return ""
        return str(value)

    def heads(self) -> list[str]:
        """Give each column's label with its group before it, for the forms without a second heading row."""
        return [f"{column.group} {column.label}".strip() for column in self.columns]


def write_table(table: Table, folder: Path) -> None:
    """Write a table as CSV, with figures in full, and as LaTeX (booktabs)."""
    keys: list[str] = []
    for column in table.columns:
        keys.append(column.key)
        if _has_spread(table, column):
            keys.append(f"{column.key}_sd")
    write_csv(folder / f"{table.name}.csv", keys, [_csv_row(table, row) for row in table.rows])
    (folder / f"{table.name}.tex").write_text(to_latex(table), encoding="utf-8")


def to_markdown(table: Table) -> str:
    """Write a table in GitHub's Markdown."""
    rule = ["---" if column.digits is None else "--:" for column in table.columns]
    lines = [table.heads(), rule, *([table.text(row, column) for column in table.columns] for row in table.rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def to_latex(table: Table) -> str:
    """Write a table as a `tabular` with booktabs' rules; caption and place are the author's."""
    form = "".join("l" if column.digits is None else "r" for column in table.columns)
    lines = [f"% {table.title}", f"\\begin{{tabular}}{{{form}}}", "\\toprule", _latex_row(table.heads()), "\\midrule"]
    lines += [_latex_row([table.text(row, column) for column in table.columns]) for row in table.rows]
    return "\n".join([*lines, "\\bottomrule", "\\end{tabular}", ""])


def _has_spread(table: Table, column: Column) -> bool:
    values = (row.values.get(column.key) for row in table.rows)
    return any(isinstance(value, Spread) and value.sd is not None for value in values)


def _csv_row(table: Table, row: Row) -> list[object]:
    cells: list[object] = []
    for column in table.columns:
        value = row.values.get(column.key)
        mean, sd = (value.mean, value.sd) if isinstance(value, Spread) else (value, None)
        cells.append("" if mean is None else mean)
        if _has_spread(table, column):
            cells.append("" if sd is None else sd)
    return cells


_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "_": r"\_",
    "#": r"\#",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "−": "$-$",
    "–": "--",
    "Δ": r"$\Delta$",
    "≥": r"$\ge$",
    "≤": r"$\le$",
    "²": "$^2$",
    "×": r"$\times$",
    "…": r"\dots{}",
}


def _latex_row(cells: list[str]) -> str:
    return " & ".join("".join(_LATEX.get(letter, letter) for letter in cell) for cell in cells) + r" \\"
