"""Pascal VOC: JPEGImages/ and SegmentationClass/, whose palette indices are the classes; 255 is the void border, which counts as ground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tsernet.annotations.shapes import Marked, Piece
from tsernet.errors import UserError
from tsernet.images.decode import decode
from tsernet.images.errors import ImageError

RULE = "palette indices: exact pixels; 0 and the void index 255 are ground"
VOID = 255


@dataclass(frozen=True)
class VocImage:
    """An image and its palette file; none for an image without an annotation."""

    file: Path
    name: str
    palette_file: Path | None
    classes: tuple[str, ...]

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Give each class as one object."""
        if self.palette_file is None:
            return
        try:
            decoded = decode(self.palette_file)
        except ImageError as error:
            raise UserError(f"{self.palette_file}: {error.sentence}") from None
        indices = decoded.pixels if decoded.indices is None else decoded.indices
        if indices.shape != (height, width):
            raise UserError(f"{self.palette_file}: has the shape {indices.shape}, its image {(height, width)}")
        for index in np.unique(indices).tolist():
            if index not in (0, VOID):
                name = self.classes[index] if index < len(self.classes) else f"class {index}"
                yield Marked(name, Piece(indices == index))


def read(source: Path, images: Path | None, line_width: int | None) -> list[VocImage]:
    """List the images of a VOC folder.

    Args:
        source: Holds JPEGImages/ and SegmentationClass/, and perhaps labels.txt or labelmap.txt with a class a line, the ground first.
        images: Instead of JPEGImages/.
        line_width: Unused: there are no lines.
    Raises:
        UserError: If the folders are missing.
    """
    root, palettes = images or source / "JPEGImages", source / "SegmentationClass"
    if not root.is_dir() or not palettes.is_dir():
        raise UserError(f"{source}: expected the folders JPEGImages/ and SegmentationClass/")
    lists = [path for name in ("labelmap.txt", "labels.txt") if (path := source / name).is_file()]
    lines = lists[0].read_text(encoding="utf-8").splitlines() if lists else []
    classes = tuple(line.partition(":")[0].strip() for line in lines if line.strip() and not line.startswith("#"))
    known = {path.stem: path for path in palettes.iterdir() if path.suffix.lower() == ".png"}
    files = sorted(path for path in root.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp"))
    missing = known.keys() - {path.stem for path in files}
    if missing:
        raise UserError(f"{palettes}: {min(missing)}.png has no image in {root}")
    return [VocImage(path, path.stem, known.get(path.stem), classes) for path in files]
