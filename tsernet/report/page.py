"""The report's pages: HTML that needs nothing but itself, Markdown, and the model card."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tsernet.methods.names import METHODS
from tsernet.metrics import MEASURES
from tsernet.report.evaluations import Evaluation, Evaluations, over_seeds
from tsernet.report.failures import KINDS, Failure
from tsernet.report.figures import Drawing, Drawings
from tsernet.report.operating import marked_clean
from tsernet.report.published import LABELS, model_name, network_name, short_label
from tsernet.report.tables import Column, Table, to_markdown

_MIME = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}
_HEADLINES = {
    "s_measure": "S-measure",
    "mae": "MAE",
    "max_e_measure": "max E",
    "max_f_measure": "max F",
    "weighted_f_measure": "weighted F",
}


@dataclass(frozen=True, slots=True)
class Share:
    """A share of the split: train, val or test, how many samples, and the sha256 over their names and pixels."""

    name: str
    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Content:
    """All that the pages say, of the evaluation `registered` of the network `variant` most."""

    dataset: str
    split: str
    shares: tuple[Share, ...]
    comparable: bool
    variants: tuple[str, ...]
    evaluations: Evaluations
    variant: str
    registered: Evaluation | None
    count: int
    tables: Mapping[str, Table]
    figures: Drawings
    failures: tuple[Failure, ...]
    short: tuple[str, ...]

    @property
    def name(self) -> str:
        """The network's, for headings."""
        return network_name(self.variant)

    @property
    def model(self) -> str:
        """What a sentence begins with that is about the network."""
        return model_name(self.variant, begins=True)

    def architecture(self) -> str:
        """Say where the network is described."""
        if self.variant in LABELS:
            return "J. Han and others, “TSERNet”, IEEE TIM 2022"
        if self.variant in METHODS:
            return f"{self.name}; the docstring of the module `tsernet.methods.{self.variant}` names its paper"
        return f"the method `{self.variant}` of another package than tsernet"

    def headlines(self) -> list[tuple[str, str]]:
        """Give the network's figures as (label, text); empty where it was not evaluated."""
        found = self.evaluations.by_variant.get(self.variant, ())
        spreads = {key: over_seeds(found, key) for key in _HEADLINES}
        lines = [(_HEADLINES[key], Column(key, "", 3).show(spread)) for key, spread in spreads.items() if spread]
        if not self.comparable and "detection" in self.tables:  # what its reader came for
            row = self.tables["detection"].rows[-1].values
            lines = [
                ("defects found", f"{row['found']} of {row['defects']}"),
                ("missed", str(row["missed"])),
                ("false regions", str(row["false_regions"])),
                ("images with such", f"{row['images_with_false']} of {row['images']}"),
                *((("clean ones marked", "{} of {}".format(*clean)),) if (clean := marked_clean(self.tables)) else ()),
                *(line for line in lines if line[0] == _HEADLINES["max_f_measure"]),
            ]
        return [*lines, ("ms an image", f"{1000 * self.registered.seconds_per_image:.1f}")] if self.registered else lines

    def are_variants(self) -> bool:
        """Say whether all networks are TSERNet's."""
        return all(variant in LABELS for variant in self.variants)

    def weighs_parts(self) -> bool:
        """Say whether the pages hold the paper's ablations: on other images or beside other methods a lone variant stands among gaps."""
        some = any(variant in LABELS for variant in self.variants if variant != "full")
        return some or (self.comparable and "equal_budget" not in self.tables)

    def missing(self) -> list[str]:
        """Name the variants that were not evaluated."""
        return [short_label(variant) for variant in self.variants if not self.evaluations.by_variant.get(variant)]

    def cases(self, kind: str) -> list[Failure]:
        """List the failure cases of a kind, worst first."""
        return [failure for failure in self.failures if failure.kind == kind]


def write_pages(content: Content, out: Path) -> None:
    """Write report.html, report.md and model_card.md."""
    environment = Environment(
        loader=PackageLoader("tsernet.report"),
        autoescape=lambda name: bool(name and name.endswith(".html.j2")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"data_uri": data_uri, "markdown": to_markdown, "from_here": lambda path: path.relative_to(out).as_posix()}
    shared: dict[str, Any] = {
        "content": content,
        "kinds": KINDS,
        "measures": MEASURES,
        "figures": content.figures,
        "tables": content.tables,
    }
    for template in ("report.html", "report.md", "model_card.md"):
        text = environment.get_template(f"{template}.j2").render(**shared)
        (out / template).write_text(text, encoding="utf-8")


def data_uri(drawing: Drawing) -> str:
    """Put a figure's file into a data URI, so that the page needs no other file."""
    data = base64.b64encode(drawing.path.read_bytes()).decode("ascii")
    return f"data:{_MIME[drawing.path.suffix]};base64,{data}"
