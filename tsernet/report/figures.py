"""Which figures the report shows, and of which images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tsernet.figures import Line, Sheet, comparison_sheet, froc_plot, overlay, pr_plot, reliability_plot, strip, threshold_plot
from tsernet.metrics import read_grey
from tsernet.report.calibration import reliability
from tsernet.report.detection import Detection, most_false, most_missed
from tsernet.report.evaluations import Evaluation
from tsernet.report.failures import KINDS, Failure
from tsernet.report.methods import Method, Prepared
from tsernet.report.operating import Operating
from tsernet.report.published import model_name

_HIGHLIGHTED = 5
_SHOWN_FAILURES = 6
_JPEG_QUALITY = 88


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure file, what it shows, for readers who see it and for those who do not."""

    path: Path
    title: str
    caption: str


@dataclass(frozen=True, slots=True)
class Drawings:
    """The report's figures; those of the registered model are None or empty where it was not evaluated.

    `failures` is the strip of each shown failure case, by (kind, name). `missed` and `false` are strips of the images with the most missed
    defects and with the most falsely marked area.
    """

    pr: Drawing
    sheet: Drawing
    thresholds: Drawing | None
    reliability: Drawing | None
    froc: Drawing | None
    failures: dict[tuple[str, str], Drawing]
    missed: tuple[Drawing, ...]
    false: tuple[Drawing, ...]


def draw(
    folder: Path,
    methods: Sequence[Method],
    registered: Evaluation | None,
    prepared: Prepared,
    failures: Sequence[Failure],
    found: Sequence[Detection],
    rows_per_class: int,
) -> Drawings:
    """Draw all figures into a folder."""
    missed, false = (("missed", most_missed(found, _SHOWN_FAILURES)), ("false", most_false(found, _SHOWN_FAILURES)))
    return Drawings(
        pr=_pr(methods, folder / "pr_curves.svg"),
        sheet=_sheet(methods, registered, prepared, rows_per_class, folder / "comparison.png"),
        thresholds=_thresholds(registered, folder / "thresholds.svg") if registered else None,
        reliability=_reliability(registered, folder / "reliability.svg") if registered else None,
        froc=_froc(registered.variant, registered.operating, folder / "froc.svg") if registered and registered.operating else None,
        failures=_failures(registered, prepared, failures, folder / "failures") if registered else {},
        missed=_detections(registered, prepared, *missed, folder / "detection") if registered else (),
        false=_detections(registered, prepared, *false, folder / "detection") if registered else (),
    )


def _detections(registered: Evaluation, prepared: Prepared, kind: str, found: Sequence[Detection], folder: Path) -> tuple[Drawing, ...]:
    return tuple(
        _strip(registered, prepared, one.name, folder / f"{kind}_{one.name}.jpg", f"{one.missed} of {one.defects} defects missed")
        if kind == "missed"
        else _strip(registered, prepared, one.name, folder / f"{kind}_{one.name}.jpg", f"{one.false_regions} false regions")
        for one in found
    )


def _strip(registered: Evaluation, prepared: Prepared, name: str, path: Path, words: str) -> Drawing:
    """Show an image, its mask, its map, and what of the mask is found, missed and falsely marked."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image, mask = prepared.image(name), prepared.mask(name)
    saliency = read_grey(registered.folder / "maps" / f"{name}.png", max_pixels=None)
    strip([image, mask, saliency, overlay(image, mask, saliency)]).save(path, quality=_JPEG_QUALITY)
    return Drawing(path, name, words)


def ranked(methods: Sequence[Method]) -> list[Method]:
    """Order methods by max F, best first, with the registered model before all."""
    return sorted(methods, key=lambda method: (not method.registered, -method.measures["max_f_measure"].mean))


def _pr(methods: Sequence[Method], path: Path) -> Drawing:
    # Ours are highlighted, or where there are none the best; at most as many as can be told apart. The rest is dim, as in the paper.
    order = ranked(methods)
    bright = ([method for method in order if method.kind == "ours"] or order)[:_HIGHLIGHTED]
    pr_plot([Line(one.label, one.curves.precision, one.curves.recall, one in bright) for one in order], path)
    caption = f"Precision over recall of {len(order)} methods, as the paper's Fig. 6; {order[0].label} is the bold line."
    return Drawing(path, "Precision and recall", caption)


def _thresholds(registered: Evaluation, path: Path) -> Drawing:
    threshold_plot(registered.curves, registered.validation, path)
    chosen = "the dashed line is what the validation share chooses" if registered.validation else "the split keeps no validation share"
    return Drawing(path, "F-measure over the threshold", f"F-measure of {model_name(registered.variant)} over the threshold; {chosen}.")


def _froc(variant: str, operating: Operating, path: Path) -> Drawing:
    froc_plot(operating.per_megapixel, {"all": operating.found, **operating.by_size}, operating.place, path)
    caption = (
        f"Free-response ROC of {model_name(variant)} on the test set, by the defects' size (small: under 100 pixels, large: from 1000)."
        " The dots are the operating point, which was chosen on the validation split."
    )
    return Drawing(path, "Defects found against false alarms", caption)


def _reliability(registered: Evaluation, path: Path) -> Drawing:
    found = reliability(registered.resampling.histograms)
    reliability_plot(found.values, found.shares, found.weights, path)
    whose = model_name(registered.variant).removeprefix("the ")
    caption = f"How often a pixel of a given saliency is defect: {whose}, test set. Expected calibration error {found.error:.3f}."
    return Drawing(path, "Reliability of the saliency values", caption)


def _sheet(methods: Sequence[Method], registered: Evaluation | None, prepared: Prepared, rows_per_class: int, path: Path) -> Drawing:
    shown = ranked(methods)
    rows = []
    for kind, name in _choose(registered, rows_per_class) if registered else []:
        images = (prepared.image(name), prepared.mask(name), *(method.read_map(name) for method in shown))
        rows.append((f"{kind} {name}" if kind else name, images))
    comparison_sheet(Sheet(("image", "mask", *(method.label for method in shown)), tuple(rows)), path)
    whose = f" of {model_name(registered.variant)}" if registered else ""
    caption = f"In each class from a low to a high S-measure{whose}, evenly spaced; no image is chosen by hand."
    return Drawing(path, "Visual comparison", caption)


def _choose(evaluation: Evaluation, rows_per_class: int) -> list[tuple[str, str]]:
    classes = np.array(evaluation.classes)
    chosen = []
    for kind in np.unique(classes):
        places = np.flatnonzero(classes == kind)
        order = places[np.argsort(evaluation.images["s_measure"][places], kind="stable")]
        steps = np.linspace(0.1, 0.9, min(rows_per_class, len(order))) * (len(order) - 1)
        chosen += [(str(kind), evaluation.names[order[round(step)]]) for step in steps]
    return chosen


def _failures(registered: Evaluation, prepared: Prepared, failures: Sequence[Failure], folder: Path) -> dict[tuple[str, str], Drawing]:
    return {
        (kind.key, failure.name): _strip(
            registered,
            prepared,
            failure.name,
            folder / f"{kind.key}_{failure.name}.jpg",
            f"{failure.name}: image, mask, map, overlay. {failure.words}",
        )
        for kind in KINDS
        for failure in [failure for failure in failures if failure.kind == kind.key][:_SHOWN_FAILURES]
    }
