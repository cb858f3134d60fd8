"""Which images an exported network is measured on, and held against PyTorch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from tsernet.errors import UserError

SPLITS, PREPARED = Path("data/splits"), Path("data/prepared")
T = TypeVar("T")


def choose_images(given: Path | None, part: str, option: str, most: int) -> list[Path]:
    """List images: those that are named, else those of a part of this repository's split; of many, some at even distances.

    Args:
        given: An image, or a folder of them.
        part: `train` or `val`.
        option: That names them, for the message.
        most: So many at most.
    Raises:
        UserError: If there are none.
    """
    from pipelines.commands.predict import list_images

    if given is not None:
        return _some(list_images(given, given / ".none"), most)
    return _some([image for image, _ in _of_split(part, option)], most)


def choose_pairs(given: Path | None, part: str, option: str, most: int) -> list[tuple[Path, Path]]:
    """List images with their masks, as `choose_images` does; a folder that is given holds images/ and masks/."""
    from tsernet.data.layout import list_samples

    if given is None:
        return _some(_of_split(part, option), most)
    pairs = [(one.images[0], one.masks[0]) for one in list_samples(given) if one.images and one.masks]
    if not pairs:
        raise UserError(f"{given}: no image in images/ has a mask of its name in masks/; {option} names a folder with both")
    return _some(pairs, most)


def _of_split(part: str, option: str) -> list[tuple[Path, Path]]:
    from tsernet.data.samples import read_split

    split = SPLITS / f"{part}.csv"
    names = read_split(split) if split.is_file() else []
    pairs = [(PREPARED / "images" / f"{name}.png", PREPARED / "masks" / f"{name}.png") for name in names]
    found = [pair for pair in pairs if pair[0].is_file()]
    if not found:
        raise UserError(f"no images in {PREPARED / 'images'} of a split {split} here; {option} FOLDER names real ones")
    return found


def _some(found: Sequence[T], most: int) -> list[T]:
    step = max(1.0, len(found) / most)
    return [found[int(index * step)] for index in range(min(len(found), most))]
