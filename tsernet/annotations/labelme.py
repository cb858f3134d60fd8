"""LabelMe: one JSON file beside each image. Shapes become pixels as LabelMe draws them, with Pillow."""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tsernet.annotations.shapes import Marked, Mask, Piece, Point, inside, numbers
from tsernet.errors import UserError

RULE = "LabelMe (Pillow): a polygon's outline belongs to it; lines and points are as wide as --line-width"
_MOST_BYTES = 128 * 1024 * 1024
_THIN = ("line", "linestrip", "point")


@dataclass(frozen=True)
class LabelmeImage:
    """One JSON file and its image; the shapes are read when they are drawn."""

    file: Path
    name: str
    json_file: Path
    line_width: int | None

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Draw the objects: shapes of one label and one group_id are one, as LabelMe counts them."""
        content = _content(self.json_file)
        if (content.get("imageWidth") or width, content.get("imageHeight") or height) != (width, height):
            raise UserError(f"{self.json_file}: its image is {width}×{height}, the file says otherwise")
        groups: dict[tuple[str, str], Mask] = {}
        for shape in content["shapes"]:
            if not isinstance(shape, dict) or not isinstance(shape.get("label"), str):
                raise UserError(f"{self.json_file}: a shape without a label")
            mask, group = self._mask(shape, width, height), shape.get("group_id")
            if group is None:
                yield Marked(shape["label"], Piece(mask))
            else:
                key = (shape["label"], str(group))
                groups[key] = groups[key] | mask if key in groups else mask
        for (label, _), mask in groups.items():
            yield Marked(label, Piece(mask))

    def _mask(self, shape: dict[str, Any], width: int, height: int) -> Mask:
        kind, points = shape.get("shape_type") or "polygon", _points(shape.get("points"), self.json_file)
        if kind == "mask":
            return _pasted(shape, points, width, height, self.json_file)
        if kind in _THIN and self.line_width is None:
            raise UserError(f"{self.json_file}: holds a {kind}, which has no width of its own; --line-width N gives it one, in pixels")
        canvas = Image.new("1", (width, height))
        _draw(ImageDraw.Draw(canvas), kind, points, self.line_width or 1, self.json_file)
        return np.array(canvas, dtype=bool)


def read(source: Path, images: Path | None, line_width: int | None) -> list[LabelmeImage]:
    """List the JSON files of a folder and their images.

    Args:
        source: The folder, or a folder of folders.
        images: Folder of the images; beside each JSON file if not given.
        line_width: Of lines and points, pixels.
    Raises:
        UserError: If there is none, or one is no file of LabelMe.
    """
    files = sorted(path for path in source.rglob("*.json") if not path.name.startswith("."))
    if not files:
        raise UserError(f"{source}: expected a folder with LabelMe's JSON files, got none")
    found = []
    for path in files:
        content = _content(path)
        image = inside(*_image_of(content, path, source, images), str(path))
        found.append(LabelmeImage(image, path.relative_to(source).with_suffix("").as_posix(), path, line_width))
    return found


def draw_polygon(points: list[Point], width: int, height: int) -> Mask:
    """Draw a polygon as LabelMe does: whole numbers are the centres of pixels, and the outline belongs to it."""
    canvas = Image.new("1", (width, height))
    ImageDraw.Draw(canvas).polygon(points, fill=1, outline=1)
    return np.array(canvas, dtype=bool)


def _image_of(content: dict[str, Any], path: Path, source: Path, images: Path | None) -> tuple[Path, str]:
    """Give the folder and the name of a JSON file's image: beside the file, or in the same place below the images' folder, or in that.

    Raises:
        UserError: If no folder of images is given and there is none beside the file.
    """
    name = Path(str(content["imagePath"]).replace("\\", "/")).name
    if images is None:
        if not (path.parent / name).is_file():
            raise UserError(f"{path}: its image {name} does not lie beside it; --images names the folder of the images")
        return path.parent, name
    below = path.parent.relative_to(source) / name
    return images, below.as_posix() if (images / below).is_file() else name


def _content(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MOST_BYTES:
        raise UserError(f"{path}: {path.stat().st_size} bytes, expected at most {_MOST_BYTES}")
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {' '.join(str(error).split())[:120]}") from None
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list) or not content.get("imagePath"):
        raise UserError(f"{path}: expected a file of LabelMe, with shapes and imagePath")
    content.pop("imageData", None)  # the image once more, in text
    return content


def _points(given: Any, path: Path) -> list[Point]:
    if not isinstance(given, list) or not given:
        raise UserError(f"{path}: a shape without points")
    points = []
    for one in given:
        pair = numbers(one if isinstance(one, list) else [], str(path))
        if len(pair) != 2:
            raise UserError(f"{path}: expected points of two coordinates, got {one!r}")
        points.append((pair[0], pair[1]))
    return points


def _draw(pen: ImageDraw.ImageDraw, kind: str, points: list[Point], line_width: int, path: Path) -> None:
    if (kind == "polygon" and len(points) >= 3) or (kind == "oriented_rectangle" and len(points) == 4):
        pen.polygon(points, fill=1, outline=1)
    elif kind == "rectangle" and len(points) == 2:
        (x1, y1), (x2, y2) = points
        pen.rectangle([min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)], fill=1, outline=1)
    elif kind == "circle" and len(points) == 2:
        (x, y), edge = points
        radius = math.dist((x, y), edge)
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=1, outline=1)
    elif kind in ("line", "linestrip") and len(points) >= 2:
        pen.line(points, fill=1, width=line_width)
    elif kind == "point" and len(points) == 1:
        ((x, y),), radius = points, line_width / 2
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=1, outline=1)
    else:
        raise UserError(
            f"{path}: a {kind} of {len(points)} points; "
            "expected polygon, rectangle, oriented_rectangle, circle, line, linestrip, point or mask"
        )


def _pasted(shape: dict[str, Any], points: list[Point], width: int, height: int, path: Path) -> Mask:
    try:
        piece = np.array(Image.open(io.BytesIO(base64.b64decode(shape["mask"], validate=True))), dtype=bool)
    except (KeyError, TypeError, binascii.Error, OSError) as error:
        raise UserError(f"{path}: a mask that cannot be decoded ({type(error).__name__})") from None
    left, top = (int(value) for value in points[0])
    whole = np.zeros((height, width), dtype=bool)
    if piece.ndim != 2 or left < 0 or top < 0 or top + piece.shape[0] > height or left + piece.shape[1] > width:
        raise UserError(f"{path}: a mask that leaves its image")
    whole[top : top + piece.shape[0], left : left + piece.shape[1]] = piece
    return whole
