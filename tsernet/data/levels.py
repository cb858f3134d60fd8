"""The levels of a dataset: chosen once, when its training part is known, and read by all that shows its images to a network."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tsernet.config import Dataset, LevelPair
from tsernet.data.prepare.manifest import Row
from tsernet.errors import UserError
from tsernet.images.decode import decode
from tsernet.images.levels import Levels, robust_levels

FILE = "levels.json"
"""Beside the splits; not there for a set of 8-bit images."""


def choose_levels(dataset: Dataset, rows: Sequence[Row], train: Sequence[str], images: Path) -> Levels | None:
    """Choose the levels as `dataset.levels` says.

    Args:
        dataset: The section of the params.
        rows: The manifest.
        train: Names of the training part, over which `auto` takes its percentiles.
        images: Folder of the prepared images.
    Returns:
        None where every usable image has 8 bits, whatever the params say: such a set stays as it always was.
    Raises:
        UserError: If `auto` is to choose and no training image has more than 8 bits, though others have.
    """
    deep = {row.name for row in rows if row.usable and (row.bits or 8) > 8}
    if not deep:
        return None
    if isinstance(dataset.levels, LevelPair):
        return Levels(dataset.levels.black, dataset.levels.white)
    levels = robust_levels(decode(images / f"{name}.png", None).pixels for name in train if name in deep)
    if levels is None:
        raise UserError("dataset.levels: auto takes them from the training split, whose images all have 8 bits; set {black: B, white: W}")
    return levels


def write_levels(levels: Levels, splits: Path) -> None:
    """Write the levels into the folder of the splits."""
    content = {"black": levels.black, "white": levels.white}
    (splits / FILE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_levels(splits: Path) -> Levels | None:
    """Read the levels of a dataset; None for one of 8-bit images.

    Raises:
        UserError: If the file is not what `write_levels` writes.
    """
    path = splits / FILE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return Levels(int(content["black"]), int(content["white"]))
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: expected what split writes, black and white: {error}; 'dvc repro split' writes it") from None
