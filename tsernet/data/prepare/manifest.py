"""manifest.csv: one row a sample, the unusable ones with their reason."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tsernet.errors import UserError


@dataclass(frozen=True)
class Row:
    """What is known of one sample; what could not be measured is None.

    Attributes:
        usable: Whether it was written to data/prepared.
        reason: Why not: a code such as mask-size, a colon, and what was found; empty for usable ones.
        image_digest: SHA-256 over shape and pixels, so that the same image in another file format has the same one.
        mode: Pillow's mode of the file as it came: L, RGB, I;16, RGBA, …
        mean: Of the samples as the file holds them, 0 to 255 or, above 8 bits, to 65535.
        contrast: Their standard deviation.
        mask_values: The values the mask file held, ascending, at most eight, then an ellipsis.
        coverage: Share of defect pixels.
        border_share: Share of the outermost pixels that are defect.
        components: 8-connected regions of the mask.
        perceptual_hash: Of `perceptual_hash`, 16 hexadecimal digits.
        defect_pixels: How many; a share rounds a pinhole of a large image to nothing.
        bits: Of a sample in the image file, 1 to 16.
        mask_between: Pixels of a mask neither black nor white, over which `dataset.masks.threshold` decided; 0 without one.
    """

    name: str
    class_: str
    group: str
    usable: bool
    reason: str
    image_file: str
    mask_file: str
    image_digest: str | None = None
    mask_digest: str | None = None
    width: int | None = None
    height: int | None = None
    mode: str | None = None
    mean: float | None = None
    contrast: float | None = None
    mask_values: str | None = None
    coverage: float | None = None
    components: int | None = None
    touches_border: bool | None = None
    perceptual_hash: str | None = None
    border_share: float | None = None
    defect_pixels: int | None = None
    bits: int | None = None
    mask_between: int | None = None


COLUMNS = tuple(field.name.rstrip("_") for field in fields(Row))


def write_manifest(rows: Iterable[Row], path: Path) -> None:
    """Write the rows as CSV: booleans as true and false, shares to six decimals, the unknown empty."""
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in rows:
            writer.writerow([_text(value) for value in asdict(row).values()])


def read_manifest(path: Path) -> list[Row]:
    """Read what `write_manifest` wrote.

    Raises:
        UserError: If the file is missing or has other columns.
    """
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            reader = csv.reader(lines)
            header = next(reader, [])
            if tuple(header) != COLUMNS:
                raise UserError(f"{path}: expected the columns {','.join(COLUMNS)}, got {','.join(header) or 'none'}")
            return [_row(values) for values in reader]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.6f}" if isinstance(value, float) else str(value)


def _row(values: list[str]) -> Row:
    parsed: dict[str, Any] = {}
    for field, text in zip(fields(Row), values, strict=True):
        kind, _, optional = str(field.type).partition(" | ")
        parsed[field.name] = None if optional and not text else _PARSERS[kind](text)
    return Row(**parsed)


_PARSERS: dict[str, Callable[[str], object]] = {"bool": lambda text: text == "true", "int": int, "float": float, "str": str}
