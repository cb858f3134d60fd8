"""The other methods at an equal budget of parameters: what they reach, what they cost, and what their full widths would."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tsernet.metrics import MEASURES
from tsernet.report.evaluations import Evaluation, Evaluations, over_seeds
from tsernet.report.published import PRINTED, published_variant, short_label
from tsernet.report.tables import MISSING, Column, Row, Table, Value

_LABELS = {measure.key: measure.label for measure in MEASURES} | {"s_measure": "S"}


@dataclass(frozen=True, slots=True)
class Cost:
    """What a network costs.

    Attributes:
        width: Its channel multiplier.
        parameters, macs: Of that width: trainable ones, and multiply-accumulates of one image's convolutions.
        full_parameters, full_macs: The same at width 1.0.
        milliseconds: One image in ONNX Runtime.
        steps: Of its trainings.
        step_seconds: One training step, the mean over its input sizes of the median, by seed.
    """

    width: float
    parameters: int
    macs: int
    full_parameters: int
    full_macs: int
    milliseconds: float | None
    steps: int
    step_seconds: tuple[float, ...] = ()

    @property
    def minutes(self) -> float | None:
        """A training's minutes, the mean over seeds; None where none is recorded."""
        return self.steps * sum(self.step_seconds) / len(self.step_seconds) / 60 if self.step_seconds else None


def equal_budget_table(evaluations: Evaluations, costs: Mapping[str, Cost], size: int, registered: str) -> Table:
    """Set all networks that were trained alike side by side.

    Args:
        evaluations: A network without any is shown as missing.
        costs: By the network's name.
        size: Side of the image that multiply-accumulates and milliseconds are of.
        registered: The network that the report is about.
    """
    columns = (
        Column("name", "method"),
        Column("seeds", "seeds", 0),
        *(Column(key, _LABELS[key], 3) for key in PRINTED),
        Column("parameters", "params (M)", 2, "cost"),
        Column("macs", "MACs (G)", 2, "cost"),
        Column("milliseconds", "ms an image", 1, "cost"),
        Column("minutes", "training, min", 1, "cost"),
    )
    rows = tuple(_budget_row(name, evaluations.by_variant.get(name, ()), cost, name == registered) for name, cost in costs.items())
    note = (
        "Trained alike, on the same samples in the same order, by each method's own objective; mean over seeds, ± standard deviation."
        f" Multiply-accumulates of the convolutions and milliseconds in ONNX Runtime of one image of {size}×{size}, timed one method after"
        " the other on this machine. Training: steps times the median step of their input size, as it ran, beside whatever else did."
    )
    return Table("equal_budget", "Equal budget: the methods at about the same number of parameters", note, columns, rows)


def full_width_table(costs: Mapping[str, Cost], size: int, registered: str) -> Table:
    """Say what the methods would cost at width 1.0, on paper: counted, and reckoned from the narrow ones' steps.

    Args:
        costs: By the network's name.
        size: Side of the image that multiply-accumulates are of.
        registered: The network that the report is about.
    """
    columns = (
        Column("name", "method"),
        Column("width", "width here", 3),
        Column("parameters", "params (M)", 2, "at width 1"),
        Column("published", "Table I's (M)", 2, "at width 1"),
        Column("macs", "MACs (G)", 2, "at width 1"),
        Column("times", "times those here", 1, "at width 1"),
        Column("step_seconds", "s a step", 1, "reckoned"),
        Column("hours", "training, h", 1, "reckoned"),
    )
    note = (
        f"Multiply-accumulates of one image of {size}×{size}. Reckoned: the measured step times the ratio of multiply-accumulates; wide"
        " convolutions use a processor better than narrow ones, so it is rather too much."
    )
    rows = tuple(_full_row(name, cost, name == registered) for name, cost in costs.items())
    return Table("full_width", "On paper: what the full widths would cost", note, columns, rows)


def _budget_row(name: str, found: Sequence[Evaluation], cost: Cost, is_main: bool) -> Row:
    values: dict[str, Value] = {
        "name": short_label(name),
        "seeds": len(found),
        "parameters": cost.parameters / 1e6,
        "macs": cost.macs / 1e9,
    }
    values |= {"milliseconds": cost.milliseconds, "minutes": cost.minutes}
    values |= {key: over_seeds(found, key) or MISSING for key in PRINTED}
    return Row(values, "main" if is_main else ("ours" if found else "missing"))


def _full_row(name: str, cost: Cost, is_main: bool) -> Row:
    paper, times = published_variant(name), cost.full_macs / cost.macs
    values: dict[str, Value] = {"name": short_label(name), "width": cost.width, "parameters": cost.full_parameters / 1e6, "times": times}
    values |= {"published": paper.parameters if paper else None, "macs": cost.full_macs / 1e9}
    if cost.minutes is not None:
        values |= {"step_seconds": times * cost.minutes * 60 / cost.steps, "hours": times * cost.minutes / 60}
    return Row(values, "main" if is_main else "ours")
