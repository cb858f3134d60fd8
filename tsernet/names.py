"""Lists of sample names; those that meet nothing, and what was probably meant."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Collection, Sequence
from pathlib import Path, PurePosixPath

from tsernet.errors import UserError
from tsernet.images.formats import SUFFIXES

_SHOWN = 10


def describe_unknown(unknown: Sequence[str], known: Collection[str]) -> str:
    """List names that are not known, each with the nearest known one, such as `7 (nearest: 007), coil.png (nearest: coil)`.

    Args:
        unknown: At least one name; the first ten are listed, the rest counted.
        known: The names that there are.
    """
    listed = []
    bare = {_bare(one): one for one in known}
    for name in unknown[:_SHOWN]:
        # What a spreadsheet or a file list does to a name comes before what merely looks alike: of 001 to 020, `1` looks most like 019.
        near = [bare[_bare(name)]] if _bare(name) in bare else difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        listed.append(f"{name} (nearest: {near[0]})" if near else name)
    more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    return ", ".join(listed) + more


def _bare(name: str) -> str:
    """Leave out what is easily lost or added: zeros before a number, an image's suffix, capitals."""
    lower = name.lower()
    stem = lower.removesuffix(PurePosixPath(lower).suffix) if lower.endswith(SUFFIXES) else lower
    return re.sub(r"(?<!\d)0+(?=\d)", "", stem)


def read_names(path: Path) -> list[str]:
    """Read which images are meant: one name a line, or a CSV with a column `name`, as the splits are.

    Raises:
        UserError: If the file cannot be read or names nothing.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: expected a text file of names, cannot be read: {error}") from None
    rows = [row for row in csv.reader(lines) if row and row[0].strip()]
    if rows and "name" in rows[0]:
        column = rows[0].index("name")
        names = [row[column].strip() for row in rows[1:] if len(row) > column]
    else:
        names = [row[0].strip() for row in rows]
    if not names:
        raise UserError(f"{path}: expected names, one a line, got none")
    return names
