"""Which samples are for training, for choices (validation) and for the verdict (test)."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tsernet.config import Split
from tsernet.data import SPLITS
from tsernet.data.atomic import replacing
from tsernet.data.classes import CLEAN, STRIP, class_and_number
from tsernet.data.levels import write_levels
from tsernet.data.listed import SAMPLES, Listed, write_listed
from tsernet.data.prepare.manifest import Row
from tsernet.errors import UserError
from tsernet.images.formats import SUFFIXES
from tsernet.images.levels import Levels

# In how many pieces of the coverage order each class is cut; within a piece chance decides.
_STRATUM = 5


@dataclass(frozen=True)
class Unit:
    """Samples that must stay together: one group, or the same image under several names."""

    rows: tuple[Row, ...]

    @property
    def kind(self) -> str:
        """The class that most of its samples have."""
        names = [row.class_ for row in self.rows]
        return max(sorted(set(names)), key=names.count)

    @property
    def coverage(self) -> float:
        """The mean share of defect pixels."""
        return float(np.mean([row.coverage or 0.0 for row in self.rows]))


def make_splits(rows: Sequence[Row], config: Split, source: str, kept: Mapping[str, str] | None = None) -> dict[str, list[str]]:
    """Assign usable samples to train, val and test.

    Args:
        rows: The manifest.
        config: The section `split` of params.yaml.
        source: `dataset.source`; `official` exists only for sets that came with a split.
        kept: The part by name of samples that stay in it; what belongs to them (a group, the same look) goes there too.
    Returns:
        Names by split, each in the manifest's order (of the lists, for `files`).
    Raises:
        UserError: If the method does not fit the source, or a list is missing. A part that stays empty is for the validation to say.
    """
    usable = [row for row in rows if row.usable]
    if config.method == "files":
        return _from_files(Path(config.files))
    stays = _stays(usable, kept or {})
    new = [row for row in usable if row.name not in stays]
    if config.method == "official":
        test = {row.name for row in new if _official_test(row.name, source)}
    else:
        test = _draw(new, config.test, [config.seed, 0])
    training = [row for row in new if row.name not in test]
    if config.fold == "none":
        val = _draw(training, config.validation, [config.seed, 1])
    else:
        val = _deal(training, config.folds, [config.seed, 2])[config.fold - 1]
    test |= {name for name, part in stays.items() if part == "test"}
    val |= {name for name, part in stays.items() if part == "val"}
    rest = [row for row in usable if row.name not in test]
    parts = {"train": [row.name for row in rest if row.name not in val], "val": [row.name for row in rest if row.name in val]}
    parts["test"] = [row.name for row in usable if row.name in test]
    return parts


def _stays(rows: Sequence[Row], kept: Mapping[str, str]) -> dict[str, str]:
    """Give the part of the samples that stay in one: those of before, and new ones that must not be torn from them.

    A new sample that belongs to several of them goes where no figure gains by it: to the training part before the validation part.
    """
    stays: dict[str, str] = {}
    for unit in _units(rows) if kept else ():
        parts = {kept[row.name] for row in unit.rows if row.name in kept}
        if parts:
            joined = next(part for part in SPLITS if part in parts)
            stays |= {row.name: kept.get(row.name, joined) for row in unit.rows}
    return stays


def write_splits(parts: Mapping[str, Sequence[str]], rows: Sequence[Row], target: Path, levels: Levels | None = None) -> None:
    """Write train.csv, val.csv and test.csv with the columns name and class, and samples.csv, replacing the folder as a whole.

    `levels`: those of a set of more than 8 bits, which stand beside the splits since they may follow from the training part.
    """
    known = {row.name: row for row in rows}
    samples = [
        Listed(name, part, known[name].image_digest or "", known[name].mask_digest or "")
        for part in SPLITS
        for name in parts[part]
        if name in known
    ]
    with replacing(target) as fresh:
        for part in SPLITS:
            with (fresh / f"{part}.csv").open("w", newline="", encoding="utf-8") as lines:
                writer = csv.writer(lines, lineterminator="\n")
                writer.writerow(["name", "class"])
                writer.writerows([name, known[name].class_ if name in known else ""] for name in parts[part])
        write_listed(samples, fresh / SAMPLES)
        if levels is not None:
            write_levels(levels, fresh)


def _official_test(name: str, source: str) -> bool:
    """Say whether a name is in the published test set.

    SD-saliency-900: numbers 61–100, 161–200 and 261–300 of each class. The synthetic set follows that in spirit, but
    takes the last two of every five, so that a set of any size has three fifths for training.
    """
    known = class_and_number(name)
    if known is None and source == "synthetic" and (other := _SYNTHETIC.fullmatch(name)):
        known = (other[1], int(other[2]))
    if source not in _OFFICIAL:
        raise UserError(f"split.method: official, but the source {source} came with no split; expected stratified or files")
    if known is None:
        raise UserError(f"split.method: official needs names such as Pa_101, got {name}")
    return _OFFICIAL[source](known[1])


_SYNTHETIC = re.compile(rf"({CLEAN}|{STRIP})_([1-9]\d*)")
_OFFICIAL: dict[str, Callable[[int], bool]] = {
    "sd-saliency-900": lambda number: (number - 1) % 100 >= 60,
    "synthetic": lambda number: (number - 1) % 5 >= 3,
}


def _draw(rows: Sequence[Row], share: float, seed: Sequence[int]) -> set[str]:
    """Draw a share of the samples, evenly over classes and coverages, whole units only."""
    rng = np.random.default_rng(list(seed))
    drawn: set[str] = set()
    for ranked in _ranked(rows):
        owed = 0.0
        for start in range(0, len(ranked), _STRATUM):
            stratum = ranked[start : start + _STRATUM]
            owed += share * sum(len(unit.rows) for unit in stratum)
            for index in rng.permutation(len(stratum)):
                size = len(stratum[index].rows)
                if owed >= size / 2:
                    drawn.update(row.name for row in stratum[index].rows)
                    owed -= size
    return drawn


def _deal(rows: Sequence[Row], folds: int, seed: Sequence[int]) -> list[set[str]]:
    """Deal the samples into disjoint parts, evenly over classes and coverages, whole units only.

    Of as many units as there are parts, next to each other in the order of their class's coverage, each part gets one: the part that
    has the fewest samples the largest unit, so that large groups are evened out.
    """
    rng = np.random.default_rng(list(seed))
    dealt: list[set[str]] = [set() for _ in range(folds)]
    for ranked in _ranked(rows):
        for start in range(0, len(ranked), folds):
            stratum = [ranked[start : start + folds][index] for index in rng.permutation(len(ranked[start : start + folds]))]
            stratum.sort(key=lambda unit: -len(unit.rows))
            emptiest = sorted(rng.permutation(folds), key=lambda fold: len(dealt[fold]))
            for unit, fold in zip(stratum, emptiest, strict=False):  # the last units of a class may be fewer than the parts
                dealt[fold].update(row.name for row in unit.rows)
    return dealt


def _ranked(rows: Sequence[Row]) -> list[list[Unit]]:
    """List the units of each class in the order of their coverage."""
    by_class: dict[str, list[Unit]] = defaultdict(list)
    for unit in _units(rows):
        by_class[unit.kind].append(unit)
    return [sorted(by_class[kind], key=lambda unit: (unit.coverage, unit.rows[0].name)) for kind in sorted(by_class)]


def _units(rows: Sequence[Row]) -> list[Unit]:
    """Join samples of one group, of the same pixels and of the same look, also where one joins two others.

    The look is the perceptual hash: SD-saliency-900 holds two photographs of one scratch (Sc_232, Sc_247).
    """
    leader: dict[str, str] = {}

    def find(key: str) -> str:
        while leader.setdefault(key, key) != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for row in rows:
        leader[find(f"group {row.group}")] = find(f"pixels {row.image_digest}")
        if row.perceptual_hash:
            leader[find(f"group {row.group}")] = find(f"look {row.perceptual_hash}")
    units: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        units[find(f"group {row.group}")].append(row)
    return [Unit(tuple(members)) for members in units.values()]


def _from_files(folder: Path) -> dict[str, list[str]]:
    """Read lists of one's own: the first column, or the one headed `name`; a suffix such as .png is dropped.

    What the lists get wrong (unknown names, overlaps) is for the validation to say, all of it at once.
    """
    parts: dict[str, list[str]] = {}
    for part in SPLITS:
        path = folder / f"{part}.csv"
        if not path.is_file():
            if part == "val":
                parts[part] = []
                continue
            raise UserError(f"{path}: missing; split.method files expects train.csv, test.csv and, if you like, val.csv there")
        parts[part] = _names_of(path)
        if not parts[part] and part != "val":
            raise UserError(f"{path}: names no sample")
    return parts


def _names_of(path: Path) -> list[str]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            rows = [[cell.strip() for cell in row] for row in csv.reader(lines) if any(cell.strip() for cell in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: expected a CSV file in UTF-8 ({error})") from None
    if not rows or "name" not in rows[0]:
        raise UserError(f"{path}: expected a first line that names the columns, one of them 'name'")
    column = rows[0].index("name")
    names = [row[column] for row in rows[1:] if len(row) > column]
    return [name[: -len(Path(name).suffix)] if Path(name).suffix.lower() in SUFFIXES else name for name in names]
