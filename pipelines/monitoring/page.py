"""The report: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from pipelines.monitoring.verdict import DRIFTED, WAITING, Verdict
from tsernet.drift import COLUMNS, Compared
from tsernet.drift.charts import distributions, in_time, spelled

_LABELS = {column.key: column for column in COLUMNS}


def report_page(verdict: Verdict) -> str:
    """Write the page of a verdict."""
    from jinja2 import Environment

    template = files("pipelines.monitoring").joinpath("page.html.j2").read_text(encoding="utf-8")
    style = files("tsernet.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    moved = verdict.moved
    ordered = [*(one for key in moved for one in verdict.compared if one.key == key), *(one for one in verdict.compared if not one.moved)]
    headline, described = headline_of(verdict), verdict.as_json()["columns"]
    return (
        Environment(autoescape=True)
        .from_string(template)
        .render(
            title=f"{headline} · TSERNet",
            # Trusted: the package's own.
            style=style,
            status=verdict.status,
            headline=headline,
            sentence=f"{verdict.sentence[0].upper()}{verdict.sentence[1:]}.",
            cards=_cards(verdict),
            notes=verdict.notes,
            moved=moved,
            columns=[_column(verdict, one, described[one.key]) for one in ordered],
            rate=f"{verdict.rate:.2%}",
            per=f"{1 / verdict.rate:,.0f}",
            origin=_origin(verdict),
        )
    )


def headline_of(verdict: Verdict) -> str:
    """Say the verdict in a few words."""
    if verdict.status == WAITING:
        return "Too few images yet"
    if verdict.status == DRIFTED:
        names = [_LABELS[key].label for key in verdict.moved]
        return f"Drifted: {', '.join(names[:3])}" + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return "No drift"


def _column(verdict: Verdict, one: Compared, described: Mapping[str, Any]) -> dict[str, Any]:
    reference, window = verdict.reference[one.key], verdict.window[one.key]
    return {
        "label": _LABELS[one.key].label,
        "meaning": _LABELS[one.key].meaning,
        "moved": one.moved,
        "distribution": distributions(reference, window),
        "time": in_time(reference, window) if one.moved else "",
        "reference": spelled(described["reference_median"]),
        "window": spelled(described["window_median"]),
        "distance": f"{one.distance:.2f}",
        "limit": f"{min(one.limit, 1.0):.2f}",
        "chance": f"{one.chance:.2%}" if one.chance >= 0.0001 else "under 0.01%",
    }


def _cards(verdict: Verdict) -> list[tuple[str, str, str]]:
    about = verdict.about
    cards = [("Images", str(about["images"]), f"of {about['wanted']}" if verdict.status == WAITING else "")]
    cards += [("From", _moment(about["first"]), "UTC"), ("To", _moment(about["last"]), "UTC")] if about["first"] else []
    if "reference" in about:
        known = about["reference"]
        of = "" if known["images"] == known["of"] else f"of {known['of']}"
        cards += [("Training images", str(known["images"]), of), ("Columns moved", f"{len(verdict.moved)} of {len(verdict.compared)}", "")]
    return [*cards, ("False alarms", f"{verdict.rate:.2%}", "of windows at most")]


def _origin(verdict: Verdict) -> list[tuple[str, str]]:
    models = [(f"inspected with {name}", f"{count} images") for name, count in verdict.about["models"].items()]
    known = verdict.about.get("reference")
    return [*models, ("training split", known["split"]), ("weights of the reference", known["weights_sha256"])] if known else models


def _moment(text: str) -> str:
    return text[:16].replace("T", " ")
