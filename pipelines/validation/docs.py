"""Data Docs that open without a network: styled by a sheet of our own, with images of what failed beside them."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from pipelines.validation.expectations import Expectation
from pipelines.validation.runner import Outcome
from pipelines.validation.summary import failed
from tsernet.data.pixels import read_image
from tsernet.data.prepare.manifest import Row
from tsernet.images.levels import Levels

FINDINGS = "findings.html"
_THUMBNAIL = 112

_GONE = re.compile(
    # Scripts and sheets from elsewhere, images from elsewhere, and the footer that advertises.
    r"<script\b.*?</script>|<style\b.*?</style>|<link\b[^>]*>|<img\b[^>]*>|<footer\b.*?</footer>|<!--.*?-->",
    re.DOTALL | re.IGNORECASE,
)
_HANDLER = re.compile(r'\son[a-z]+="[^"]*"')
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_LOAD_TIME = re.compile(r"\d{8}T\d{6}\.\d{6}Z")
_FIXED_TIME = "20000101T000000.000000Z"


def finish_docs(
    docs: Path, outcomes: Sequence[Outcome], rows: Sequence[Row], prepared: Path, thumbnails: int, levels: Levels | None = None
) -> None:
    """Make the Data Docs self-contained and put a page with the failing names and their images beside them.

    Great Expectations links styles and scripts from content networks; without them its pages are bare. They also hold
    random ids and times, which would make equal data look changed to DVC; those become fixed.

    Args:
        docs: What Great Expectations wrote; changed in place.
        outcomes: Of all expectations.
        rows: The manifest, for the reasons.
        prepared: Folder with images/ and masks/.
        thumbnails: At most so many images for one expectation.
        levels: Of a set of more than 8 bits.
    """
    shutil.rmtree(docs / "static", ignore_errors=True)
    sheet = f"<style>\n{resources.files(__package__ or '').joinpath('data_docs.css').read_text(encoding='utf-8')}</style>"
    for page in sorted(docs.rglob("*.html")):
        text = page.read_text(encoding="utf-8")
        home = quote(Path(os.path.relpath(docs / FINDINGS, page.parent)).as_posix())
        contents = _contents(docs) if page.parent == docs else ""
        page.write_text(_self_contained(text, sheet, home, outcomes, contents), encoding="utf-8")
    page = docs / FINDINGS
    known = {row.name: row for row in rows}
    page.write_text(_findings(docs, outcomes, known, _Shown(prepared, levels), thumbnails, sheet), encoding="utf-8")


@dataclass(frozen=True)
class _Shown:
    """Where the images are, and how those of more than 8 bits become visible."""

    prepared: Path
    levels: Levels | None


def _self_contained(text: str, sheet: str, home: str, outcomes: Sequence[Outcome], contents: str) -> str:
    text = _HANDLER.sub("", _GONE.sub("", text))
    numbers: dict[str, str] = {}
    text = _UUID.sub(lambda match: numbers.setdefault(match[0], f"id-{len(numbers) + 1}"), text)
    text = _LOAD_TIME.sub(_FIXED_TIME, text)
    text = text.replace("</head>", f"{sheet}\n</head>", 1)
    bar = f'<p class="findings-bar">{escape(_verdict(outcomes))} <a href="{home}">Names and images</a></p>'
    text = re.sub(r"<body[^>]*>", lambda match: f"{match[0]}\n{bar}\n{contents}", text, count=1)
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


def _contents(docs: Path) -> str:
    """List the pages as links: Great Expectations' own list is filled in by a script from elsewhere."""
    entries = []
    for room, title in (("validations", "Validation results"), ("expectations", "Expectation suites")):
        links = [(page.stem.removeprefix("dataset-"), page.relative_to(docs).as_posix()) for page in sorted((docs / room).rglob("*.html"))]
        items = "".join(f'<li><a href="{quote(place)}">{escape(name)}</a></li>\n' for name, place in links)
        entries.append(f"<h2>{title}</h2>\n<ul>\n{items}</ul>\n")
    return f"<main>\n{''.join(entries)}</main>"


def _verdict(outcomes: Sequence[Outcome]) -> str:
    errors, warnings = len(failed(outcomes, "error")), len(failed(outcomes, "warning"))
    return f"{len(outcomes)} expectations: {errors} errors, {warnings} warnings."


def _findings(docs: Path, outcomes: Sequence[Outcome], rows: dict[str, Row], shown: _Shown, limit: int, sheet: str) -> str:
    parts = [_section(docs, outcome, rows, shown, limit) for kind in ("error", "warning") for outcome in failed(outcomes, kind)]
    met = "".join(_met(outcome.expectation) for outcome in outcomes if outcome.success)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="UTF-8">\n<title>Findings in the data</title>\n{sheet}\n</head>\n'
        f'<body>\n<p class="findings-bar">{escape(_verdict(outcomes))} <a href="index.html">Data Docs</a></p>\n'
        f"<main>\n<h1>Findings in the data</h1>\n{''.join(parts) or '<p>Every expectation is met.</p>'}\n"
        f"<h2>Met</h2>\n<ul>\n{met}</ul>\n</main>\n</body>\n</html>\n"
    )


def _met(expectation: Expectation) -> str:
    return f"<li><code>{expectation.name}</code> {escape(expectation.description)}</li>\n"


def _section(docs: Path, outcome: Outcome, rows: dict[str, Row], shown: _Shown, limit: int) -> str:
    expectation = outcome.expectation
    figures = [_figure(docs, name, rows.get(name), shown) for name in outcome.failing[:limit]]
    rest = outcome.failing[limit:]
    more = f"<p>Without images: {escape(', '.join(rest))}</p>" if rest else ""
    return (
        f'<section class="{expectation.severity}">\n<h2>{expectation.severity}: <code>{expectation.name}</code></h2>\n'
        f"<p>{escape(expectation.description)}: not met by {len(outcome.failing)}.</p>\n"
        f'<div class="gallery">\n{"".join(figures)}</div>\n{more}</section>\n'
    )


def _figure(docs: Path, name: str, row: Row | None, shown: _Shown) -> str:
    image = ""
    if row is not None and row.usable:
        place = docs / "thumbnails" / f"{name}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            _thumbnail(shown, name).save(place)
        image = f'<img src="thumbnails/{quote(name)}.png" alt="{escape(name)}, and its mask" height="{_THUMBNAIL}">'
    reason = f"<br>{escape(row.reason)}" if row is not None and row.reason else ""
    return f"<figure>{image}<figcaption>{escape(name)}{reason}</figcaption></figure>\n"


def _thumbnail(shown: _Shown, name: str) -> Image.Image:
    """Show the image and, beside it, its mask."""
    sheet = Image.new("RGB", (2 * _THUMBNAIL, _THUMBNAIL), "white")
    for place, room in enumerate(("images", "masks")):
        pixels = read_image(shown.prepared / room / f"{name}.png", shown.levels, max_pixels=None)
        small = Image.fromarray(pixels).convert("RGB")
        small.thumbnail((_THUMBNAIL - 2, _THUMBNAIL - 2))
        sheet.paste(small, (place * _THUMBNAIL, 0))
    return sheet
