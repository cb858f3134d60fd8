"""samples.csv: which sample was in which part of a split, and what it was; a registered version carries it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tsernet.data.atomic import write_whole
from tsernet.errors import UserError

SAMPLES = "samples.csv"


class Listed(NamedTuple):
    """A sample of a split: its part (train, val, test), and the digests of its image's and its mask's pixels."""

    name: str
    part: str
    image_digest: str
    mask_digest: str


def write_listed(samples: Iterable[Listed], path: Path) -> None:
    """Write samples.csv."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Listed._fields)
    writer.writerows(samples)
    write_whole(path, text.getvalue())


def read_listed(path: Path) -> list[Listed]:
    """Read samples.csv.

    Raises:
        UserError: If it is not there or a column is missing.
    """
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            return [Listed(*(row[field] for field in Listed._fields)) for row in csv.DictReader(lines)]
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); 'dvc repro split' writes it") from None
    except KeyError as error:
        raise UserError(f"{path}: expected the columns {', '.join(Listed._fields)}, without {error}") from None
