"""The report in a few sentences, written from its own tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tsernet.report.failures import Failure
from tsernet.report.methods import Method
from tsernet.report.operating import marked_clean
from tsernet.report.published import LABELS, model_name, published_variant
from tsernet.report.tables import Column, Row, Spread, Table

_SIGNIFICANT = 0.05
_FEWEST = 5
_COST = Column("max_f_measure", "max F", 4, signed=True)


def summarise(
    registered: str, methods: Sequence[Method], tables: Mapping[str, Table], failures: Sequence[Failure], comparable: bool
) -> list[str]:
    """Say what a model finds and reaches, what its parts are worth or how others compare, where it is weakest and how it fails.

    Args:
        registered: The variant that the report is about.
        methods: All that was scored.
        tables: By name; without `groups` where that was not evaluated.
        failures: All failure cases.
        comparable: Whether the paper's figures stand for the same images.
    Returns:
        Sentences; a single one where that was not evaluated.
    """
    model = next((method for method in methods if method.registered), None)
    if model is None:
        return [f"{model_name(registered, begins=True)} was not evaluated."]
    found = "" if comparable else _found(tables)
    sentences = [
        found,
        _reach(model, methods, comparable),
        *_beside(tables["bootstrap"], registered),
        _weakest(tables["groups"]),
        _failing(failures),
    ]
    return [sentence for sentence in sentences if sentence]


def _found(tables: Mapping[str, Table]) -> str:
    if "detection" not in tables:
        return ""
    row = tables["detection"].rows[-1].values
    text = f"Of {row['defects']} defects {row['found']} are found and {row['missed']} missed; {row['false_regions']} regions that touch"
    text += f" no defect are marked, on {row['images_with_false']} of the {row['images']} images with defects."
    clean = marked_clean(tables)
    return f"{text} Of {clean[1]} clean images {clean[0]} are marked." if clean else text


def _reach(model: Method, methods: Sequence[Method], comparable: bool) -> str:
    ours = model.measures["max_f_measure"].mean
    best = max((method for method in methods if method.kind == "baseline"), key=lambda method: method.measures["max_f_measure"].mean)
    text = f"{model_name(model.name, begins=True)} reaches max F {ours:.3f} and S {model.measures['s_measure'].mean:.3f}"
    text += f"; the better baseline that knows nothing, {best.label}, {best.measures['max_f_measure'].mean:.3f}."
    paper = published_variant(model.name)
    if comparable and paper:
        text += f" The paper prints max F {paper.measures['max_f_measure']} and S {paper.measures['s_measure']}."
    return text


def _beside(bootstrap: Table, registered: str) -> list[str]:
    """Weigh the full model's parts by the variants that lack one, and tell how other methods compare; beside another, all are others."""
    tested = [row for row in bootstrap.rows if isinstance(row.values.get("max_f_measure"), float)]
    lacking = [row for row in tested if row.values["name"] in LABELS.values()] if registered == "full" else []
    return [_parts(lacking), _others([row for row in tested if row not in lacking])]


def _others(tested: Sequence[Row]) -> str:
    if not tested:
        return ""
    sure = sorted((row for row in tested if _p(row) < _SIGNIFICANT), key=_difference, reverse=True)
    better, worse = ([row for row in sure if (_difference(row) > 0) == is_better] for is_better in (True, False))
    text = f"Of {len(tested)} other methods, trained alike, {len(better)} reach a higher max F and {len(worse)} a lower one"
    text += " beyond what the choice of test images explains"
    named = ", ".join(f"{row.values['name']} ({_COST.show(_difference(row))})" for row in better)
    return f"{text}; higher: {named}." if better else f"{text}."


def _parts(tested: Sequence[Row]) -> str:
    if not tested:
        return ""
    worse = sorted((row for row in tested if _difference(row) < 0 and _p(row) < _SIGNIFICANT), key=_difference)
    if not worse:
        return f"Taking parts away one by one ({len(tested)} tried) never costs max F beyond what the choice of test images explains."
    named = ", ".join(f"{row.values['name']} ({_COST.show(_difference(row))})" for row in worse)
    cost = f"costs max F beyond what the choice of test images explains in {len(worse)}"
    return f"Taking parts away one by one ({len(tested)} tried) {cost}: {named}."


def _weakest(groups: Table) -> str:
    rows = [row for row in groups.rows if _number(row, "count") >= _FEWEST]
    if len(rows) < 2:
        return ""
    low = min(rows, key=lambda row: _number(row, "max_f_measure"))
    high = max(rows, key=lambda row: _number(row, "max_f_measure"))
    weak, strong = (f"{row.values['kind']} {row.values['group']} (max F {_number(row, 'max_f_measure'):.3f})" for row in (low, high))
    return f"It is weakest on {weak} and strongest on {strong}."


def _failing(failures: Sequence[Failure]) -> str:
    counts = {kind: sum(failure.kind == kind for failure in failures) for kind in ("tiny_missed", "merged", "border_only")}
    text = f"Images in which tiny defects are missed: {counts['tiny_missed']}; in which neighbours are merged: {counts['merged']}."
    if counts["border_only"]:
        text += f" In {counts['border_only']} the map is sure and differs from the mask along its border alone: labels to look at again."
    return text


def _difference(row: Row) -> float:
    return _number(row, "max_f_measure")


def _p(row: Row) -> float:
    return _number(row, "max_f_measure_p")


def _number(row: Row, key: str) -> float:
    value = row.values[key]
    return value.mean if isinstance(value, Spread) else float(value or 0)
