"""Pascal VOC: JPEGImages/ and SegmentationClass/, whose palette indices are the classes; 255 is the void border, which counts as ground.

CVAT ("Segmentation mask") and Datumaro write the colours instead, as RGB, and list them in labelmap.txt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsernet.annotations.shapes import Marked, Piece
from tsernet.errors import UserError
from tsernet.images.decode import decode
from tsernet.images.errors import ImageError

RULE = "palette indices, or labelmap.txt's colours: exact pixels; 0 and the void index 255 are ground"
VOID = 255
Colour = tuple[int, int, int]


@dataclass(frozen=True)
class VocImage:
    """An image and its palette file; none for an image without an annotation.

    Attributes:
        classes: By palette index.
        colours: Class by colour, for files that are no palettes; None is ground.
    """

    file: Path
    name: str
    palette_file: Path | None
    classes: tuple[str, ...]
    colours: dict[Colour, str | None] = field(default_factory=dict)

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Give each class as one object."""
        if self.palette_file is None:
            return
        try:
            decoded = decode(self.palette_file)
        except ImageError as error:
            raise UserError(f"{self.palette_file}: {error.sentence}") from None
        indices = decoded.pixels if decoded.indices is None else decoded.indices
        indices, names = self._by_colour(indices) if indices.ndim == 3 else self._by_index(indices)
        if indices.shape != (height, width):
            raise UserError(f"{self.palette_file}: has the shape {indices.shape}, its image {(height, width)}")
        for index, name in names.items():
            yield Marked(name, Piece(indices == index))

    def _by_index(self, indices: NDArray[Any]) -> tuple[NDArray[Any], dict[int, str]]:
        found = [index for index in np.unique(indices).tolist() if index not in (0, VOID)]
        return indices, {index: self.classes[index] if index < len(self.classes) else f"class {index}" for index in found}

    def _by_colour(self, pixels: NDArray[Any]) -> tuple[NDArray[Any], dict[int, str]]:
        packed = pixels @ np.array([1 << 16, 1 << 8, 1])
        names = {}
        for value in np.unique(packed).tolist():
            colour = (value >> 16, value >> 8 & 255, value & 255)
            if colour not in self.colours:
                raise UserError(f"{self.palette_file}: has the colour {','.join(map(str, colour))}, which is no class's in labelmap.txt")
            if (name := self.colours[colour]) is not None:
                names[value] = name
        return packed, names


def read(source: Path, images: Path | None, line_width: int | None) -> list[VocImage]:
    """List the images of a VOC folder.

    Args:
        source: Holds JPEGImages/ and SegmentationClass/, and perhaps labels.txt or labelmap.txt with a class a line, the ground first.
        images: Instead of JPEGImages/.
        line_width: Unused: there are no lines.
    Raises:
        UserError: If the folders are missing, or the list of classes is not UTF-8.
    """
    root, palettes = images or source / "JPEGImages", source / "SegmentationClass"
    if not root.is_dir() or not palettes.is_dir():
        raise UserError(f"{source}: expected the folders JPEGImages/ and SegmentationClass/")
    lists = [path for name in ("labelmap.txt", "labels.txt") if (path := source / name).is_file()]
    try:
        lines = lists[0].read_text(encoding="utf-8").splitlines() if lists else []
    except UnicodeDecodeError as error:
        raise UserError(f"{lists[0]}: expected a text file in UTF-8 ({error})") from None
    rows = [[word.strip() for word in line.split(":")] for line in lines if line.strip() and not line.startswith("#")]
    classes, colours = tuple(row[0] for row in rows), _colours(rows, str(lists[0]) if lists else "")
    known = {path.stem: path for path in palettes.iterdir() if path.suffix.lower() == ".png"}
    files = sorted(path for path in root.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp"))
    missing = known.keys() - {path.stem for path in files}
    if missing:
        raise UserError(f"{palettes}: {min(missing)}.png has no image in {root}")
    return [VocImage(path, path.stem, known.get(path.stem), classes, colours) for path in files]


def _colours(rows: Sequence[Sequence[str]], where: str) -> dict[Colour, str | None]:
    """Read labelmap.txt's colours, `name:R,G,B:…:…`; a class without one has VOC's. Black, `background` and the void are ground."""
    found: dict[Colour, str | None] = {standard_colour(index): f"class {index}" for index in range(VOID)} if not rows else {}
    for index, (name, *rest) in enumerate(rows):
        try:
            red, green, blue = map(int, rest[0].split(",")) if rest and rest[0] else standard_colour(index)
        except ValueError:
            raise UserError(f"{where}: expected name:R,G,B, got {':'.join([name, *rest])[:60]!r}") from None
        found[red, green, blue] = None if name == "background" else name
    return found | {(0, 0, 0): None, standard_colour(VOID): None}


def standard_colour(index: int) -> Colour:
    """Give the colour that VOC's palette has at an index: its bits, three at a time, are the highest bits of red, green and blue."""
    red, green, blue = (sum((index >> 3 * place + channel & 1) << 7 - place for place in range(3)) for channel in range(3))
    return red, green, blue
