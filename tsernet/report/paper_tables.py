"""Tables I, II and III: the paper's figures, and beside them what was measured here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tsernet.metrics import MEASURES
from tsernet.report.evaluations import Evaluation, Evaluations, over_seeds
from tsernet.report.methods import Method
from tsernet.report.published import PRINTED, PaperRow, label_of, paper_rows, published_variant, short_label
from tsernet.report.tables import MISSING, Column, Row, Spread, Table, Value

_SHORT = {measure.key: measure.label for measure in MEASURES} | {"s_measure": "S"}
_INCOMPARABLE = " The paper's figures stand for another set of test images: they are for orientation, and no difference is given."
_TABLES = {"II": ("full", "no_subnet", "no_efbi", "no_erm"), "III": ("full", "no_fig", "no_big", "no_self_edge", "no_s_edge")}
_TITLES = {"II": "Table II: what each component is worth", "III": "Table III: the parts of EFBI and ERM"}


def table_one(methods: Sequence[Method], evaluations: Evaluations, comparable: bool, registered: str) -> Table:
    """Make Table I: the paper's 23 rows, what was measured of them, and our variants and the baselines below.

    Args:
        methods: All that was scored.
        evaluations: For the variants' sizes, and which are missing.
        comparable: Whether the test images are the paper's; only then a difference means something.
        registered: The variant that the report is about.
    """
    published = {method.name: method for method in methods if method.kind == "published"}
    ours = {method.name: method for method in methods if method.kind == "ours"}
    rows = [_paper_row(row, published.get(row.name), comparable) for row in paper_rows("I")]
    in_paper = {row.name for row in paper_rows("I")}
    for variant, found in evaluations.by_variant.items():
        kind = "main" if variant == registered else "ours"
        rows.append(_our_row(variant, ours.get(variant), found, comparable, kind))
    for method in methods:
        if method.kind == "baseline" or (method.kind == "published" and method.name not in in_paper):
            values: dict[str, Value] = {"name": method.label, "type": method.kind}
            rows.append(Row(values | _measured(method.measures, None, comparable), method.kind))
    columns = (
        Column("name", "method"),
        Column("year", "year", 0),
        Column("type", "type"),
        Column("parameters", "params (M)", 2),
        *(Column(f"published_{key}", _SHORT[key], 3, "published") for key in PRINTED),
        *(Column(f"measured_{key}", _SHORT[key], 3, "measured here") for key in PRINTED),
        *_differences(PRINTED, comparable),
    )
    note = (
        "T.N.: traditional, natural images. D.L.N.: deep learning, natural images. D.L.D.: deep learning, defects. Higher is better,"
        " except for MAE." + (" Difference: measured here less published." if comparable else _INCOMPARABLE)
    )
    return Table("table_1", "Table I: against the published methods", note, columns, tuple(rows))


def ablation_table(number: str, evaluations: Evaluations, comparable: bool) -> Table:
    """Make Table II or III: the variants measured and published side by side, their size and time.

    Args:
        number: II or III.
        evaluations: A variant without any is shown as missing.
        comparable: Whether the test images are the paper's.
    """
    printed = [key for key in PRINTED if key != "max_e_measure"]
    columns = (
        Column("name", "variant"),
        Column("seeds", "seeds", 0),
        Column("parameters", "params (M)", 2),
        Column("milliseconds", "ms an image", 1),
        *(Column(f"measured_{key}", _SHORT[key], 3, "measured here") for key in (*PRINTED, "weighted_f_measure", "iou")),
        *(Column(f"published_{key}", _SHORT[key], 3, "published") for key in printed),
        *_differences(printed, comparable),
    )
    rows = []
    for variant in _TABLES[number]:
        found = evaluations.by_variant.get(variant, ())
        measures = {measure.key: spread for measure in MEASURES if (spread := over_seeds(found, measure.key))}
        paper = published_variant(variant)
        values: dict[str, Value] = {"name": short_label(variant), "seeds": len(found)}
        values |= _published(paper) | _cost(found) | (_measured(measures, paper, comparable) if found else _missing(columns))
        rows.append(Row(values, "main" if variant == "full" else ("ours" if found else "missing")))
    note = "Mean over seeds, ± standard deviation where there are several. Time: this machine, a batch's share, network and resizing."
    note += "" if comparable else _INCOMPARABLE
    return Table(f"table_{len(number)}", _TITLES[number], note, columns, tuple(rows))


def _differences(keys: Sequence[str], comparable: bool) -> list[Column]:
    return [Column(f"difference_{key}", _SHORT[key], 3, "difference", signed=True) for key in keys] if comparable else []


def _paper_row(row: PaperRow, method: Method | None, comparable: bool) -> Row:
    values: dict[str, Value] = {"name": row.name, "year": str(row.year), "type": row.type, "parameters": row.parameters}
    values |= _published(row)
    if method:
        values |= _measured(method.measures, row, comparable)
    return Row(values, "published")


def _our_row(variant: str, method: Method | None, found: Sequence[Evaluation], comparable: bool, kind: str) -> Row:
    values: dict[str, Value] = {"name": label_of(variant), "type": "ours"}
    paper = published_variant(variant)
    # On other images the paper's figure in a row of ours would read like a target that was missed.
    values |= (_published(paper) if comparable else {}) | _cost(found)
    if not method:
        return Row(values | {f"measured_{key}": MISSING for key in PRINTED}, "missing")
    return Row(values | _measured(method.measures, paper, comparable), kind)


def _published(row: PaperRow | None) -> dict[str, Value]:
    return {f"published_{key}": row.measures[key] for key in PRINTED} if row else {}


def _cost(found: Sequence[Evaluation]) -> dict[str, Value]:
    if not found:
        return {}
    times = [evaluation.seconds_per_image for evaluation in found]
    return {"parameters": found[0].parameters / 1e6, "milliseconds": 1000 * sum(times) / len(times)}


def _measured(measures: Mapping[str, Spread], row: PaperRow | None, comparable: bool) -> dict[str, Value]:
    values: dict[str, Value] = {f"measured_{key}": spread for key, spread in measures.items()}
    for key in PRINTED:
        published = row.measures[key] if row else None
        if published is not None and comparable:
            values[f"difference_{key}"] = measures[key].mean - published
    return values


def _missing(columns: Sequence[Column]) -> dict[str, Value]:
    return {column.key: MISSING for column in columns if column.key.startswith("measured_")}
