"""From evaluations to results/report/: tables, figures, pages, model card."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tsernet.images.levels import Levels
from tsernet.report.analysis_tables import bootstrap_table, failure_table, threshold_table
from tsernet.report.detection import FOUND_AT, Detection, detect_all, detection_table, measured_table
from tsernet.report.equal_budget import Cost, equal_budget_table, full_width_table
from tsernet.report.evaluations import Evaluation, Evaluations, load_evaluations
from tsernet.report.failures import Failure, find_failures
from tsernet.report.figures import draw
from tsernet.report.methods import Method, Prepared, Progress, baseline_methods, our_methods, published_methods
from tsernet.report.operating import operating_table
from tsernet.report.page import Content, Share, write_pages
from tsernet.report.paper_tables import ablation_table, table_one
from tsernet.report.subgroups import defect_contrast, group_table
from tsernet.report.summary import summarise
from tsernet.report.tables import Table, write_table

_WORST = 12


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """What a report is made of.

    Args:
        prepared: Folder with images/ and masks/.
        evaluations: Folder with VARIANT/SEED/.
        test: Names of the test images.
        variants: In the order of the report.
        seeds: The first one's maps are shown.
        published: Folders of saliency maps to score, by the method's name.
        resamples: Of the bootstrap.
        rows_per_class: Of the comparison sheet.
        dataset: The dataset's name for readers.
        split: How it was split, for readers.
        shares: What the split made of it.
        comparable: Whether the test images are the paper's.
        levels: Of a set of more than 8 bits.
        costs: Of each network, where other methods than TSERNet's variants are among them.
        size: Side of the network's input, which the costs are of.
        registered: Of `variants`, the one that the report is about: it stands first, and the others are tested against it.
    """

    prepared: Path
    evaluations: Path
    test: Sequence[str]
    variants: Sequence[str]
    seeds: Sequence[int]
    published: Mapping[str, Path]
    resamples: int
    rows_per_class: int
    dataset: str
    split: str
    shares: Sequence[Share]
    comparable: bool
    levels: Levels | None = None
    costs: Mapping[str, Cost] = field(default_factory=dict)
    size: int = 0
    registered: str = "full"


def build_report(inputs: ReportInputs, out: Path, progress: Progress) -> None:
    """Write report.html, report.md, model_card.md, summary.json, tables/ and figures/.

    Args:
        inputs: What it is made of.
        out: The folder; made if it is not there.
        progress: Told what is being done.
    Raises:
        UserError: If an evaluation or a folder of maps cannot be read.
        CheckError: If masks changed between evaluations, or published maps are missing.
    """
    for folder in (out / "tables", out / "figures"):
        folder.mkdir(parents=True, exist_ok=True)
    prepared = Prepared(inputs.prepared, inputs.levels)
    evaluations = load_evaluations(inputs.evaluations, inputs.variants, inputs.seeds)
    registered = evaluations.first(inputs.registered)
    reference = next(iter(evaluations.all()), None)
    methods = [
        *our_methods(evaluations, inputs.registered),
        *published_methods(inputs.published, prepared, inputs.test, reference, progress),
        *baseline_methods(prepared, inputs.test, reference, progress),
    ]
    progress("tables")
    failures = _failures(registered, prepared) if registered else []
    found = _detections(registered, prepared) if registered else []
    tables = _tables(inputs, evaluations, methods, registered, prepared, failures, found)
    for table in tables:
        write_table(table, out / "tables")
    progress("figures")
    figures = draw(out / "figures", methods, registered, prepared, failures, found, inputs.rows_per_class)
    progress("pages")
    content = Content(
        dataset=inputs.dataset,
        split=inputs.split,
        shares=tuple(inputs.shares),
        comparable=inputs.comparable,
        variants=tuple(inputs.variants),
        evaluations=evaluations,
        variant=inputs.registered,
        registered=registered,
        count=len(inputs.test),
        tables={table.name: table for table in tables},
        figures=figures,
        failures=tuple(failures),
        short=tuple(summarise(inputs.registered, methods, {table.name: table for table in tables}, failures, inputs.comparable)),
    )
    write_pages(content, out)
    _write_summary(evaluations, methods, out)


def _tables(
    inputs: ReportInputs,
    evaluations: Evaluations,
    methods: Sequence[Method],
    registered: Evaluation | None,
    prepared: Prepared,
    failures: Sequence[Failure],
    found: Sequence[Detection],
) -> list[Table]:
    tables = [
        *([detection_table(found)] if found else []),
        measured_table(methods),
        table_one(methods, evaluations, inputs.comparable, inputs.registered),
        ablation_table("II", evaluations, inputs.comparable),
        ablation_table("III", evaluations, inputs.comparable),
        *([equal_budget_table(evaluations, inputs.costs, inputs.size, inputs.registered)] if inputs.costs else []),
        bootstrap_table(evaluations, inputs.resamples, inputs.registered),
        *([full_width_table(inputs.costs, inputs.size, inputs.registered)] if inputs.costs else []),
        threshold_table(evaluations),
    ]
    if registered:
        contrast = {name: defect_contrast(prepared.image(name), prepared.mask(name)) for name in registered.names}
        tables += [group_table(registered, contrast), failure_table(failures, inputs.registered)]
        tables += [operating_table(registered.operating)] if registered.operating else []
    return tables


def _detections(registered: Evaluation, prepared: Prepared) -> list[Detection]:
    from tsernet.metrics import read_grey

    level = registered.operating.level if registered.operating else FOUND_AT
    return detect_all(
        registered.names,
        registered.classes,
        prepared.mask,
        lambda name: read_grey(registered.folder / "maps" / f"{name}.png", max_pixels=None),
        level,
    )


def _failures(registered: Evaluation, prepared: Prepared) -> list[Failure]:
    from tsernet.metrics import read_grey

    return find_failures(
        registered.names,
        registered.images["s_measure"].tolist(),
        registered.images["iou"].tolist(),
        prepared.mask,
        lambda name: read_grey(registered.folder / "maps" / f"{name}.png", max_pixels=None),
        worst=_WORST,
    )


def _write_summary(evaluations: Evaluations, methods: Sequence[Method], out: Path) -> None:
    scores = [{"name": one.name, "kind": one.kind} | {key: spread.mean for key, spread in one.measures.items()} for one in methods]
    missing = [variant for variant, found in evaluations.by_variant.items() if not found]
    _write_json(out / "summary.json", {"scores": scores, "missing_variants": missing})
    # A file each, with the keys of an evaluation's metrics.json, so that `dvc metrics show` puts them into rows of one table.
    (out / "metrics").mkdir(exist_ok=True)
    for method in methods:
        if method.kind == "baseline":
            _write_json(out / "metrics" / f"{method.name.replace(' ', '_')}.json", {key: one.mean for key, one in method.measures.items()})


def _write_json(path: Path, tree: object) -> None:
    path.write_text(json.dumps(tree, indent=2) + "\n", encoding="utf-8")
