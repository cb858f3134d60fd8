"""The tables that the paper does not have: bootstrap, thresholds, failure cases."""

from __future__ import annotations

from collections.abc import Sequence

from tsernet.report.bootstrap import paired_bootstrap
from tsernet.report.evaluations import Evaluation, Evaluations
from tsernet.report.failures import KINDS, Failure
from tsernet.report.published import model_name, short_label
from tsernet.report.tables import MISSING, Column, Row, Table, Value

_TESTED = {"s_measure": "S", "mae": "MAE", "max_f_measure": "max F"}


def bootstrap_table(evaluations: Evaluations, resamples: int, registered: str) -> Table:
    """Test every other variant against the registered one over resampled test images.

    Args:
        evaluations: A variant without any, and all where the registered one has none, are shown as missing.
        resamples: How often to draw.
        registered: The variant that the report is about.
    """
    columns = [Column("name", "variant")]
    for key, label in _TESTED.items():
        columns += [
            Column(key, "difference", 4, label, signed=True),
            Column(f"{key}_interval", "95 % interval", None, label),
            Column(f"{key}_p", "p", 4, label),
        ]
    reference = evaluations.by_variant.get(registered, ())
    rows = []
    for variant, found in evaluations.by_variant.items():
        if variant == registered:
            continue
        values: dict[str, Value] = {"name": short_label(variant)}
        for key in _TESTED:
            values |= _difference(found, reference, key, resamples) if found and reference else {key: MISSING}
        rows.append(Row(values, "ours" if found and reference else "missing"))
    less = model_name(registered).removeprefix("the ")
    note = (
        f"Variant less {less}; {resamples:,} resamples of the test images, the same for both. An interval without 0 is a"
        " difference that another draw of test images would hardly turn round. Several variants are tested at once: a p just under 0.05"
        " proves little."
    )
    return Table("bootstrap", f"Paired bootstrap against {model_name(registered)}", note, tuple(columns), tuple(rows))


def threshold_table(evaluations: Evaluations) -> Table:
    """Show the threshold that the validation share chooses and what it gives on the test set; first seed of each variant."""
    columns = (
        Column("name", "variant"),
        Column("chosen", "chosen threshold", 0, "validation share"),
        Column("validation_f", "F there", 3, "validation share"),
        Column("test_f", "F", 3, "test set at that threshold"),
        Column("precision", "precision", 3, "test set at that threshold"),
        Column("recall", "recall", 3, "test set at that threshold"),
        Column("iou", "IoU", 3, "test set at that threshold"),
        Column("best", "threshold", 0, "test set at its own best"),
        Column("best_f", "max F", 3, "test set at its own best"),
    )
    rows = tuple(Row({"name": short_label(variant), **_threshold(evaluations.first(variant))}) for variant in evaluations.by_variant)
    note = (
        "Thresholds of 255, on maps stretched to their own range. max F takes the test set's own best threshold, which nobody knows"
        " in a plant; the validation share's is what a plant would set."
    )
    return Table("thresholds", "The threshold a plant would set", note, columns, rows)


def failure_table(failures: Sequence[Failure], registered: str) -> Table:
    """List every failure case of every kind, all of the registered variant."""
    titles = {kind.key: kind.title for kind in KINDS}
    columns = (
        Column("kind", "kind"),
        Column("name", "image"),
        Column("s_measure", "S", 3),
        Column("iou", "IoU", 3),
        Column("words", "what was found"),
    )
    rows = tuple(
        Row({"kind": titles[one.kind], "name": one.name, "s_measure": one.s_measure, "iou": one.iou, "words": one.words})
        for one in failures
    )
    return Table("failures", "All failure cases", f"Of {model_name(registered)}, first seed.", columns, rows)


def _difference(found: Sequence[Evaluation], reference: Sequence[Evaluation], key: str, resamples: int) -> dict[str, Value]:
    difference = paired_bootstrap(found, reference, key, resamples)
    interval = f"{difference.low:+.4f} to {difference.high:+.4f}".replace("-", "−")
    return {key: difference.value, f"{key}_interval": interval, f"{key}_p": difference.p}


def _threshold(evaluation: Evaluation | None) -> dict[str, Value]:
    if evaluation is None:
        return {"best_f": MISSING}
    test, best = evaluation.curves, evaluation.curves.best_threshold
    values: dict[str, Value] = {"best": best, "best_f": float(test.f_measure[best])}
    if evaluation.validation:
        chosen = evaluation.validation.best_threshold
        values |= {"chosen": chosen, "validation_f": float(evaluation.validation.f_measure[chosen])}
        values |= {"test_f": float(test.f_measure[chosen]), "iou": float(test.iou[chosen])}
        values |= {"precision": float(test.precision[chosen]), "recall": float(test.recall[chosen])}
    return values
