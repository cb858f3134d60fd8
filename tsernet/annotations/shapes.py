"""What an annotation is, whatever its format: the marked pixels of an image, by class."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tsernet.errors import UserError

Mask = NDArray[np.bool_]
Point = tuple[float, float]


@dataclass(frozen=True)
class Marked:
    """One object: its class, and its pixels as bool (H, W)."""

    class_name: str
    mask: Mask


class AnnotatedImage(Protocol):
    """An image of a dataset; its objects are drawn only when they are asked for, so that memory does not grow with the dataset."""

    @property
    def file(self) -> Path:
        """The image file."""

    @property
    def name(self) -> str:
        """Its place in the dataset without its suffix: `coil7/001`."""

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Give the objects as masks of the image's size.

        Raises:
            UserError: If an object is not what the format allows; the message names the file.
        """


def numbers(values: Sequence[object], where: str) -> list[float]:
    """Take coordinates; refuse what is not a finite number.

    Raises:
        UserError: With `where`.
    """
    found = []
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise UserError(f"{where}: expected numbers as coordinates, got {value!r}")
        found.append(float(value))
    return found


def inside(root: Path, relative: str, where: str) -> Path:
    """Find a file of the dataset.

    Raises:
        UserError: If it is missing, or its path leaves the folder.
    """
    path = root / relative.replace("\\", "/")
    if not path.resolve().is_relative_to(root.resolve()):
        raise UserError(f"{where}: {relative!r} leaves the folder {root}")
    if not path.is_file():
        raise UserError(f"{where}: {relative!r} is not in {root}")
    return path
