"""YOLO segmentation: images/ and labels/, a line an object: class and polygon in shares of the image's sides.

A polygon becomes pixels as Ultralytics trains with it: corners in float32, cut to whole pixels, filled by OpenCV, the outline included.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tsernet.annotations.shapes import Marked, Piece, numbers
from tsernet.errors import UserError

RULE = "OpenCV's fillPoly on corners cut to whole pixels, as Ultralytics does: the outline belongs to the polygon"


@dataclass(frozen=True)
class YoloImage:
    """An image and its text file; none for an image without an annotation."""

    file: Path
    name: str
    text_file: Path | None
    classes: dict[int, str]

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Draw the polygons."""
        import cv2

        for number, line in enumerate(self.text_file.read_text(encoding="utf-8").splitlines() if self.text_file else (), start=1):
            where = f"{self.text_file}, line {number}"
            class_name, points = self._parse(line, where)
            canvas: Any = np.zeros((height, width), dtype=np.uint8)
            corners = (points * np.array([width, height], dtype=np.float32)).astype(np.int32)
            cv2.fillPoly(canvas, [corners.reshape(-1, 1, 2)], color=(1,))
            yield Marked(class_name, Piece(canvas > 0))

    def _parse(self, line: str, where: str) -> tuple[str, Any]:
        words = line.split()
        try:
            index, values = int(words[0]), numbers([float(word) for word in words[1:]], where)
        except (IndexError, ValueError):
            raise UserError(f"{where}: expected a class and coordinates, got {line[:60]!r}") from None
        if len(values) == 4:
            raise UserError(f"{where}: is a box (four numbers); expected a polygon of three points or more")
        if len(values) < 6 or len(values) % 2 or min(values) < -1 or max(values) > 2:
            raise UserError(f"{where}: expected pairs of shares of the sides, three or more, got {len(values)} numbers")
        if self.classes and index not in self.classes:
            raise UserError(f"{where}: class {index} is not one of data.yaml's")
        return self.classes.get(index, f"class {index}"), np.array(values, dtype=np.float32).reshape(-1, 2)


def read(source: Path, images: Path | None, line_width: int | None) -> list[YoloImage]:
    """List the images of a YOLO folder.

    Args:
        source: Holds images/ and labels/, and perhaps data.yaml with `names`; folders such as train/ within both are kept, and so are
            folders that each hold both, train/images and train/labels.
        images: Instead of images/.
        line_width: Unused: there are no lines.
    Raises:
        UserError: If the folders are missing or data.yaml is not what it should be.
    """
    roots = _folders(source, images)
    if not roots:
        raise UserError(f"{source}: expected the folders images/ and labels/, or folders such as train/ that each hold both")
    classes = _classes(source / "data.yaml")
    found = []
    for root, labels, prefix in roots:
        names = set()
        for path in sorted(path for path in root.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff")):
            name = path.relative_to(root).with_suffix("").as_posix()
            names.add(name)
            text = labels / f"{name}.txt"
            has_objects = text.is_file() and text.read_text(encoding="utf-8").strip()
            found.append(YoloImage(path, prefix + name, text if has_objects else None, classes))
        missing = {path.relative_to(labels).with_suffix("").as_posix() for path in labels.rglob("*.txt")} - names
        if missing:
            raise UserError(f"{labels}: {min(missing)}.txt has no image in {root}")
    return found


def _folders(source: Path, images: Path | None) -> list[tuple[Path, Path, str]]:
    """Find the folders of images, each with that of its labels and what stands before its images' names."""
    pairs = [(images or source / "images", source / "labels", "")]
    if not images and source.is_dir():
        pairs += [(part / "images", part / "labels", f"{part.name}/") for part in sorted(source.iterdir())]
    return [pair for pair in pairs if pair[0].is_dir() and pair[1].is_dir()]


def _classes(path: Path) -> dict[int, str]:
    if not path.is_file():
        return {}
    try:
        names = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))["names"]
        pairs = names.items() if isinstance(names, dict) else enumerate(names)
        return {int(index): str(name) for index, name in pairs}
    except (YAMLError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: expected `names`, a list or a mapping of the classes ({type(error).__name__})") from None
