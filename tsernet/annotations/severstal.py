"""Severstal's CSV: ImageId, ClassId, EncodedPixels; starts counted from 1, down the columns."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tsernet.annotations.runs import from_starts
from tsernet.annotations.shapes import Marked, Piece, inside
from tsernet.errors import UserError

RULE = "run-length code: exact pixels"


@dataclass(frozen=True)
class SeverstalImage:
    """An image and its codes, by class."""

    file: Path
    name: str
    codes: list[tuple[str, str]]
    where: str

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Draw the codes."""
        for class_name, code in self.codes:
            yield Marked(class_name, Piece(from_starts(code, width, height, f"{self.where}: image {self.name}")))


def read(source: Path, images: Path | None, line_width: int | None) -> list[SeverstalImage]:
    """Read the CSV file; images of the folder that it does not name are unannotated.

    Args:
        source: The CSV file.
        images: Folder of the images; `train_images` beside the file if not given.
        line_width: Unused: there are no lines.
    Raises:
        UserError: If it is not such a file.
    """
    root = images or source.parent / "train_images"
    if not source.is_file() or not root.is_dir():
        raise UserError(f"{source}: expected the CSV file, and its images in {root} (--images names another folder)")
    codes: dict[str, list[tuple[str, str]]] = defaultdict(list)
    try:
        with source.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            if not {"ImageId", "ClassId", "EncodedPixels"} <= set(rows.fieldnames or ()):
                raise UserError(f"{source}: expected the columns ImageId, ClassId, EncodedPixels; got {', '.join(rows.fieldnames or ())}")
            for row in rows:
                codes[row["ImageId"]] += [(f"class {row['ClassId']}", row["EncodedPixels"])] if (row["EncodedPixels"] or "").strip() else []
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{source}: expected a CSV file in UTF-8 ({error})") from None
    for path in root.iterdir():
        if path.suffix.lower() in (".jpg", ".png", ".jpeg", ".bmp"):
            codes.setdefault(path.name, [])
    return [SeverstalImage(inside(root, name, str(source)), Path(name).stem, found, str(source)) for name, found in sorted(codes.items())]
