"""The three tables the expectations look at: samples, splits, classes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict

import pandas as pd

from tsernet.data.prepare.manifest import Row

Splits = Mapping[str, Sequence[str]]

KEYS = {"samples": "name", "splits": "name", "classes": "class"}


def build_tables(rows: Sequence[Row], splits: Splits, alike: Mapping[str, str]) -> dict[str, pd.DataFrame]:
    """Lay out what is known so that every promise is one column.

    Args:
        rows: The manifest.
        splits: Names by split.
        alike: Names that have a near duplicate in another split, with its name.
    Returns:
        Tables by name; a column of findings is empty where nothing is wrong.
    """
    return {"samples": _samples(rows, splits, alike), "splits": _split_rows(rows, splits), "classes": _classes(rows, splits)}


def _samples(rows: Sequence[Row], splits: Splits, alike: Mapping[str, str]) -> pd.DataFrame:
    home = {name: part for part, names in splits.items() for name in names}
    table = pd.DataFrame([asdict(row) for row in rows]).rename(columns={"class_": "class"})
    inversion = [None if row.coverage in (None, 1.0) else (row.coverage or 0.0) + (row.border_share or 0.0) for row in rows]
    table["inversion"] = pd.Series(inversion, dtype="float64")
    table["coverage"] = table["coverage"].astype("float64")
    table["contrast"] = table["contrast"].astype("float64")
    same_but_case = _fellows([(row.name.lower(), row.name) for row in rows])
    placed = [row for row in rows if row.image_digest and row.name in home]
    in_split = _fellows([((row.image_digest, home[row.name]), row.name) for row in placed])
    anywhere = _fellows([(row.image_digest, row.name) for row in placed])
    across = {name: [other for other in others if home[other] != home[name]] for name, others in anywhere.items()}
    table["name_case"] = _column(rows, same_but_case)
    table["duplicate_in_split"] = _column(rows, in_split)
    table["duplicate_across_splits"] = _column(rows, across)
    table["near_duplicate"] = _column(rows, {name: [other] for name, other in alike.items()})
    return table


def _split_rows(rows: Sequence[Row], splits: Splits) -> pd.DataFrame:
    known = {row.name: row for row in rows}
    homes: dict[str, set[str]] = defaultdict(set)
    group_homes: dict[str, set[str]] = defaultdict(set)
    for part, names in splits.items():
        for name in names:
            homes[name].add(part)
            if name in known:
                group_homes[known[name].group].add(part)
    table = []
    for part, names in splits.items():
        times = Counter(names)
        for name in names:
            row = known.get(name)
            table.append(
                {
                    "name": name,
                    "split": part,
                    "split_unknown": None if row else part,
                    "split_unusable": row.reason if row and not row.usable else None,
                    "split_overlap": _others(homes[name], part),
                    "split_repeat": str(times[name]) if times[name] > 1 else None,
                    # A name in two splits is said once already, as an overlap.
                    "group_across_splits": _others(group_homes[row.group], part) if row and len(homes[name]) == 1 else None,
                }
            )
    return pd.DataFrame(table)


def _classes(rows: Sequence[Row], splits: Splits) -> pd.DataFrame:
    counts = Counter(row.class_ for row in rows)
    home = {part: {row.class_ for row in rows if row.name in set(names)} for part, names in splits.items()}
    most = max(counts.values())
    table = []
    for name, count in sorted(counts.items()):
        missing = {f"class_not_in_{part}": part if splits[part] and name not in home[part] else None for part in splits}
        table.append({"class": name, "count": count, "ratio": most / count, **missing})
    return pd.DataFrame(table)


def _fellows(keyed: Sequence[tuple[Hashable, str]]) -> dict[str, list[str]]:
    """For every name, the other names that share its key."""
    members: dict[Hashable, list[str]] = defaultdict(list)
    for key, name in keyed:
        members[key].append(name)
    return {name: [other for other in members[key] if other != name] for key, name in keyed}


def _column(rows: Sequence[Row], found: Mapping[str, Sequence[str]]) -> list[str | None]:
    return [" ".join(found[row.name]) if found.get(row.name) else None for row in rows]


def _others(homes: set[str], part: str) -> str | None:
    return " ".join(sorted(homes - {part})) or None
