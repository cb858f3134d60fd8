"""What an annotation is, whatever its format: the marked pixels of an image, by class."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from tsernet.errors import UserError

Mask = NDArray[np.bool_]
Point = tuple[float, float]
_FARTHEST = 1e15


class Piece(NamedTuple):
    """Marked pixels of an image: bool (h, w), and where that piece of the image begins; objects are small and images are not."""

    mask: Mask
    left: int = 0
    top: int = 0

    def add_to(self, whole: Mask) -> None:
        """Mark the pixels in a mask of the whole image."""
        height, width = self.mask.shape
        whole[self.top : self.top + height, self.left : self.left + width] |= self.mask

    def of_size(self, width: int, height: int) -> Mask:
        """Give a mask of the whole image."""
        whole = np.zeros((height, width), dtype=bool)
        self.add_to(whole)
        return whole


@dataclass(frozen=True)
class Marked:
    """One object: its class and its pixels."""

    class_name: str
    piece: Piece


class AnnotatedImage(Protocol):
    """An image of a dataset; its objects are drawn only when they are asked for, so that memory does not grow with the dataset."""

    @property
    def file(self) -> Path:
        """The image file."""

    @property
    def name(self) -> str:
        """Its place in the dataset without its suffix: `coil7/001`."""

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Give the objects, drawn for an image of this size.

        Raises:
            UserError: If an object is not what the format allows; the message names the file.
        """


def numbers(values: Sequence[object], where: str) -> list[float]:
    """Take coordinates; refuse what is not a number that can be one.

    Raises:
        UserError: With `where`.
    """
    found: list[float] = []
    for value in values:
        # Not isinstance: a bool is an int. Beyond this no image lies, and a long int is no float.
        if (type(value) is not float and type(value) is not int) or not -_FARTHEST < value < _FARTHEST:
            raise UserError(f"{where}: expected numbers as coordinates, got {str(value)[:60]!r}")
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
