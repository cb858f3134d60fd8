"""The four tables the expectations look at: samples, splits, classes, parts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from tsernet.data.classes import CLEAN, UNNAMED
from tsernet.data.lost import Lost
from tsernet.data.prepare.manifest import Row
from tsernet.images.levels import Levels
from tsernet.names import describe_unknown

Splits = Mapping[str, Sequence[str]]

KEYS = {"samples": "name", "splits": "name", "classes": "class", "parts": "split"}

FINDINGS = frozenset(
    {"split_unknown", "duplicate_across_splits", "duplicate_in_split", "near_duplicate", "near_duplicate_chosen_by", "name_case"}
)
"""Columns whose entries say more than that something is wrong: other names."""

# The nearest name of each costs a look at all names.
_NEAREST_FOR = 100

# Named, since a table without rows has no columns by itself.
_SPLIT_COLUMNS = ["name", "split", "split_unknown", "split_unusable", "split_overlap", "split_repeat", "group_across_splits"]


@dataclass(frozen=True)
class Measured:
    """What is measured on the prepared files, by name, and the bounds that belong to it.

    Attributes:
        alike: Names that have near duplicates in another split, with their names.
        clipped: Share of the samples outside the levels, of images of more than 8 bits.
        lost: Defects that vanish at the training's scale, where any does.
        max_lost: Share of all defects above which those are findings.
        inverted_above: Coverage and defect share of the outermost pixels, summed, above which a mask looks inverted.
        one_depth: Whether all images must have one number of bits.
        levels: Of a set of more than 8 bits.
    """

    alike: Mapping[str, Sequence[str]]
    clipped: Mapping[str, float]
    lost: Mapping[str, Lost]
    max_lost: float
    inverted_above: float
    one_depth: bool
    levels: Levels | None


def build_tables(rows: Sequence[Row], splits: Splits, measured: Measured) -> dict[str, pd.DataFrame]:
    """Lay out what is known so that every expectation is one column.

    Args:
        rows: The manifest.
        splits: Names by split.
        measured: What is known from the prepared files.
    Returns:
        Tables by name; a column of findings is empty where nothing is wrong.
    """
    return {
        "samples": _samples(rows, splits, measured),
        "splits": _split_rows(rows, splits),
        "classes": _classes(rows, splits),
        "parts": _parts(rows, splits),
    }


def _samples(rows: Sequence[Row], splits: Splits, measured: Measured) -> pd.DataFrame:
    home = {name: part for part, names in splits.items() for name in names}
    table = pd.DataFrame([asdict(row) for row in rows]).rename(columns={"class_": "class"})
    ground = [_ground(row) for row in rows]
    inversion = [(row.coverage or 0.0) + (row.border_share or 0.0) if left else None for row, left in zip(rows, ground, strict=True)]
    table["inversion"] = pd.Series(inversion, dtype="float64")
    table["masks_inverted"] = _most([None if sum_ is None else sum_ > measured.inverted_above for sum_ in inversion])
    table["clean_with_class"] = [
        f"class {row.class_}" if row.defect_pixels == 0 and row.class_ not in (CLEAN, UNNAMED) else None for row in rows
    ]
    table["defect_pixels"] = table["defect_pixels"].astype("float64")
    table["ground_pixels"] = pd.Series(ground, dtype="float64")
    table["contrast"] = pd.Series([_contrast(row, measured.levels) for row in rows], dtype="float64")
    table["depth_mixed"] = _depths(rows) if measured.one_depth else None
    table["clipped"] = pd.Series([measured.clipped.get(row.name) for row in rows], dtype="float64")
    table["defects_lost"] = _lost(rows, measured)
    same_but_case = _fellows([(row.name.lower(), row.name) for row in rows])
    placed = [row for row in rows if row.image_digest and row.name in home]
    in_split = _fellows([((row.image_digest, home[row.name]), row.name) for row in placed])
    anywhere = _fellows([(row.image_digest, row.name) for row in placed])
    across = {name: [other for other in others if home[other] != home[name]] for name, others in anywhere.items()}
    table["name_case"] = _column(rows, same_but_case)
    table["duplicate_in_split"] = _column(rows, in_split)
    table["duplicate_across_splits"] = _column(rows, across)
    judged = {name: [other for other in others if "test" in (home[name], home[other])] for name, others in measured.alike.items()}
    table["near_duplicate"] = _column(rows, judged)
    table["near_duplicate_chosen_by"] = _column(
        rows, {name: [other for other in others if other not in judged[name]] for name, others in measured.alike.items()}
    )
    return table


def _ground(row: Row) -> int | None:
    if row.defect_pixels is None or row.width is None or row.height is None:
        return None
    return row.width * row.height - row.defect_pixels


def _contrast(row: Row, levels: Levels | None) -> float | None:
    """Give the contrast in grey levels of 0 to 255, to which levels bring deeper images."""
    if row.contrast is None or (row.bits or 8) <= 8:
        return row.contrast
    return row.contrast * 255.0 / (levels.white - levels.black if levels else (1 << (row.bits or 16)) - 1)


def _most(marks: Sequence[bool | None]) -> list[str | None]:
    """Name those that are marked, if they are more than half of those that are known."""
    known = [mark for mark in marks if mark is not None]
    return [f"{sum(known)} of {len(known)}" if mark and 2 * sum(known) > len(known) else None for mark in marks]


def _depths(rows: Sequence[Row]) -> list[str | None]:
    """Name the images whose depth is not the commonest; up to 8 bits are one depth, since all become 8."""
    depths = [None if row.bits is None or not row.usable else max(row.bits, 8) for row in rows]
    counts = Counter(depth for depth in depths if depth is not None)
    common = max(sorted(counts), key=lambda depth: counts[depth], default=8)
    return [None if depth in (None, common) else f"{depth} bits, most have {common}" for depth in depths]


def _lost(rows: Sequence[Row], measured: Measured) -> list[str | None]:
    lost, defects = sum(one.lost for one in measured.lost.values()), sum(row.components or 0 for row in rows if row.usable)
    if lost <= measured.max_lost * defects:
        return [None] * len(rows)
    return [f"{measured.lost[row.name].lost} of {measured.lost[row.name].defects}" if row.name in measured.lost else None for row in rows]


def _split_rows(rows: Sequence[Row], splits: Splits) -> pd.DataFrame:
    known = {row.name: row for row in rows}
    homes: dict[str, set[str]] = defaultdict(set)
    group_homes: dict[str, set[str]] = defaultdict(set)
    for part, names in splits.items():
        for name in names:
            homes[name].add(part)
            if name in known:
                group_homes[known[name].group].add(part)
    strangers = [name for name in homes if name not in known]
    unknown = {name: describe_unknown([name], known).removeprefix(name).strip(" ()") or "none like it" for name in strangers[:_NEAREST_FOR]}
    table = []
    for part, names in splits.items():
        times = Counter(names)
        for name in names:
            row = known.get(name)
            table.append(
                {
                    "name": name,
                    "split": part,
                    "split_unknown": None if row else unknown.get(name, part),
                    "split_unusable": row.reason if row and not row.usable else None,
                    "split_overlap": _others(homes[name], part),
                    "split_repeat": str(times[name]) if times[name] > 1 else None,
                    # A name in two splits is said once already, as an overlap.
                    "group_across_splits": _others(group_homes[row.group], part) if row and len(homes[name]) == 1 else None,
                }
            )
    return pd.DataFrame(table, columns=_SPLIT_COLUMNS)


def _parts(rows: Sequence[Row], splits: Splits) -> pd.DataFrame:
    """One row for each part that must not be empty."""
    clean = {row.name for row in rows if row.defect_pixels == 0}
    table = pd.DataFrame([{"split": part, "split_empty": None if splits[part] else "no sample"} for part in ("train", "test")])
    shares = [len(clean.intersection(splits[part])) / len(splits[part]) if splits[part] else None for part in ("train", "test")]
    table["clean_share"] = pd.Series(shares, dtype="float64")
    return table


def _classes(rows: Sequence[Row], splits: Splits) -> pd.DataFrame:
    counts = Counter(row.class_ for row in rows)
    # Nearly all strip is clean: that there is far more of it than of any defect is no fault.
    defects = {name: count for name, count in counts.items() if name != CLEAN} or counts
    home = {part: {row.class_ for row in rows if row.name in set(names)} for part, names in splits.items()}
    most = max(defects.values())
    table = []
    for name, count in sorted(counts.items()):
        missing = {f"class_not_in_{part}": part if splits[part] and name not in home[part] else None for part in splits}
        table.append({"class": name, "count": count, "ratio": max(most / count, 1.0) if name in defects else 1.0, **missing})
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
