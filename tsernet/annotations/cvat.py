"""CVAT for images 1.1: one XML file. CVAT itself draws no pixels of polygons; its exports do, with pycocotools, and so does this."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tsernet.annotations import polygons
from tsernet.annotations.runs import from_rows
from tsernet.annotations.shapes import Marked, Piece, Point, inside, numbers
from tsernet.annotations.streams import InPieces
from tsernet.errors import UserError

RULE = "CVAT: masks exactly; polygons, boxes, ellipses as pycocotools draws them (centre inside); lines and points as wide as --line-width"
_MOST_BYTES = 8 * 1024 * 1024  # of one shape
_SHAPES = ("polygon", "polyline", "points", "box", "ellipse", "mask", "cuboid", "skeleton")


@dataclass(frozen=True)
class CvatImage:
    """An image of the file; its shapes as JSON texts of their kind and attributes."""

    file: Path
    name: str
    size: tuple[int, int]
    shapes: list[str]
    line_width: int | None
    where: str

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Draw the shapes."""
        if self.size != (width, height):
            raise UserError(f"{self.where}: is {width}×{height}, the file says {self.size[0]}×{self.size[1]}")
        for text in self.shapes:
            kind, given = json.loads(text)
            yield Marked(given["label"], self._mask(kind, given, width, height))

    def _mask(self, kind: str, given: dict[str, str], width: int, height: int) -> Piece:
        if kind == "mask":
            return _pasted(given, width, height, self.where)
        if kind in ("polyline", "points"):
            if self.line_width is None:
                raise UserError(f"{self.where}: holds {kind}, which have no width of their own; --line-width N gives them one, in pixels")
            points = _points(given, self.where)
            parts = [points] if kind == "polyline" else [[point] for point in points]
            marked = polygons.thick_line(parts[0], self.line_width, width, height)
            for part in parts[1:]:
                marked |= polygons.thick_line(part, self.line_width, width, height)
            return Piece(marked)
        if kind == "polygon":
            return polygons.fill([_points(given, self.where)], width, height, self.where)
        if kind == "box":
            left, top, right, bottom = _numbers(given, ("xtl", "ytl", "xbr", "ybr"), self.where)
            corners, centre = polygons.box_corners(left, top, right, bottom), ((left + right) / 2, (top + bottom) / 2)
        elif kind == "ellipse":
            x, y, radius_x, radius_y = _numbers(given, ("cx", "cy", "rx", "ry"), self.where)
            corners, centre = polygons.ellipse_points(x, y, radius_x, radius_y), (x, y)
        else:
            raise UserError(f"{self.where}: holds a {kind}; expected polygon, polyline, points, box, ellipse or mask")
        (degrees,) = _numbers({"rotation": "0"} | given, ("rotation",), self.where)
        return polygons.fill([polygons.turned(corners, centre, degrees)], width, height, self.where)


def read(source: Path, images: Path | None, line_width: int | None) -> list[CvatImage]:
    """Read an XML file as a stream.

    Args:
        source: The XML file.
        images: Folder of the images; `images` beside the file, or the file's own folder, if not given.
        line_width: Of polylines and points, pixels.
    Raises:
        UserError: If it is not such a file.
    """
    root = images or (source.parent / "images" if (source.parent / "images").is_dir() else source.parent)
    if not source.is_file():
        raise UserError(f"{source}: no such file; expected the XML file of `CVAT for images 1.1`")
    try:
        with source.open("rb") as stream:
            found = list(_images(InPieces(stream, _MOST_BYTES, str(source)), source, root, line_width))
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise UserError(f"{source}: expected a file of `CVAT for images 1.1`: {type(error).__name__} {error}") from None
    if not found:
        raise UserError(f"{source}: lists no image")
    return found


def _images(stream: InPieces, source: Path, root: Path, line_width: int | None) -> Iterator[CvatImage]:
    labels: set[str] = set()
    shapes: list[str] = []
    path: list[Any] = []
    for event, element in _events(stream):
        stream.next_piece()
        if event == "start":
            path.append(element)
            if len(path) == 1 and element.tag != "annotations":
                raise UserError(f"{source}: begins with <{element.tag[:40]}>, expected <annotations> of `CVAT for images 1.1`")
            if element.tag == "track":
                raise UserError(f"{source}: holds tracks of `CVAT for video`; export the task as `CVAT for images 1.1`")
            continue
        path.pop()
        if element.tag == "name" and path and path[-1].tag == "label":
            labels.add(element.text or "")
        elif element.tag in _SHAPES and path and path[-1].tag == "image":
            label = element.attrib["label"]
            if labels and label not in labels:
                raise UserError(f"{source}: a {element.tag} has the label {label!r}, which is not one of the task's")
            shapes.append(json.dumps([element.tag, element.attrib]))
        elif element.tag == "image" and len(path) == 1:
            file_name, size = element.attrib["name"], (int(element.attrib["width"]), int(element.attrib["height"]))
            name = Path(file_name.replace("\\", "/")).with_suffix("").as_posix()
            yield CvatImage(inside(root, file_name, str(source)), name, size, shapes, line_width, f"{source}: image {file_name}")
            shapes = []
        if len(path) > 1 or element.tag == "image":
            element.clear()
        if len(path) == 1:
            path[0].clear()  # what is read: memory does not grow with the file


def _events(stream: InPieces) -> Iterator[tuple[str, Any]]:
    """Parse a megabyte at a time: iterparse takes sixteen kilobytes, and expat begins a long shape anew with each."""
    parser: ElementTree.XMLPullParser[Any] = ElementTree.XMLPullParser(("start", "end"))
    while chunk := stream.read(1024 * 1024):
        parser.feed(chunk)
        yield from parser.read_events()  # type: ignore[misc]  # of these two kinds, each with an element
    parser.close()


def _points(given: dict[str, str], where: str) -> list[Point]:
    points = []
    for pair in given.get("points", "").split(";"):
        values = _floats(pair.split(","), where)
        if len(values) != 2:
            raise UserError(f"{where}: expected points as `x,y;x,y`, got {pair[:40]!r}")
        points.append((values[0], values[1]))
    return points


def _numbers(given: dict[str, str], names: tuple[str, ...], where: str) -> list[float]:
    missing = [name for name in names if name not in given]
    if missing:
        raise UserError(f"{where}: a shape has no {missing[0]}")
    return _floats([given[name] for name in names], where)


def _floats(words: list[str], where: str) -> list[float]:
    try:
        return numbers([float(word) for word in words], where)
    except ValueError:
        raise UserError(f"{where}: expected numbers as coordinates, got {','.join(words)[:40]!r}") from None


def _pasted(given: dict[str, str], width: int, height: int, where: str) -> Piece:
    """Draw a mask: lengths of alternating runs, background first, along the rows of its own box."""
    values = _numbers(given, ("left", "top", "width", "height"), where)
    left, top, wide, high = (int(value) for value in values)
    if [left, top, wide, high] != values or min(left, top) < 0 or min(wide, high) < 1 or left + wide > width or top + high > height:
        raise UserError(f"{where}: a mask whose box leaves the image of {width}×{height} pixels")
    code = given.get("rle", "")
    if code.count(",") > wide * high:
        raise UserError(f"{where}: the run-length code does not cover {wide}×{high} pixels")
    words = [word.strip() for word in code.split(",")]
    if not all(word.isdecimal() for word in words):
        raise UserError(f"{where}: a mask's rle is no list of whole numbers")
    return Piece(from_rows([int(word) for word in words], wide, high, where), left, top)
