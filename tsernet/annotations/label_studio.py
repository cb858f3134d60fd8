"""Label Studio: the JSON export of a project. Brushes exactly; what is given in percent of the image as pycocotools draws it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tsernet.annotations import polygons
from tsernet.annotations.brush import from_brush
from tsernet.annotations.shapes import Marked, Piece, inside, numbers
from tsernet.annotations.streams import InPieces
from tsernet.errors import UserError
from tsernet.images.formats import SUFFIXES

RULE = "Label Studio: brushes exactly (all but transparent); polygons, boxes, ellipses as pycocotools draws them (centre inside)"
_MOST_BYTES = 32 * 1024 * 1024  # of one task
_UPLOAD = re.compile(r"^[0-9a-f]{8}-")
_UNSTORED = re.compile(r"[^-\w.]")
_TYPES = {"polygonlabels": "polygon", "brushlabels": "brush", "rectanglelabels": "rectangle", "ellipselabels": "ellipse"}


@dataclass(frozen=True)
class LabelStudioImage:
    """A task; its regions as JSON texts."""

    file: Path
    name: str
    regions: list[str]
    line_width: int | None
    where: str

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Draw the regions."""
        for text in self.regions:
            region = json.loads(text)
            size = (region.get("original_width"), region.get("original_height"))
            if size != (width, height) or region.get("image_rotation"):
                turn = f", turned by {region['image_rotation']}°" if region.get("image_rotation") else ""
                raise UserError(f"{self.where}: its image is {width}×{height}, the region says {size[0]}×{size[1]}{turn}")
            value, kind = region["value"], region["type"]
            labels = value.get(kind)
            if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
                raise UserError(f"{self.where}: a region has the labels {labels!r}, expected one")
            yield Marked(labels[0], self._mask(_TYPES[kind], value, width, height))

    def _mask(self, kind: str, value: dict[str, Any], width: int, height: int) -> Piece:
        if kind == "brush":
            return Piece(from_brush(bytes.fromhex(value["rle"]), width, height, self.where))
        if kind == "polygon":
            pairs = [numbers(one if isinstance(one, list) else [], self.where) for one in value.get("points") or []]
            if any(len(pair) != 2 for pair in pairs):
                raise UserError(f"{self.where}: expected a polygon's points as pairs of percent")
            points = [(pair[0] * width / 100, pair[1] * height / 100) for pair in pairs]
            if value.get("closed", True):
                return polygons.fill([points], width, height, self.where)
            if self.line_width is None or not points:
                raise UserError(
                    f"{self.where}: holds an open polygon, which has no width of its own; --line-width N gives it one, in pixels"
                )
            return Piece(polygons.thick_line(points, self.line_width, width, height))
        sides = ("width", "height") if kind == "rectangle" else ("radiusX", "radiusY")
        given = numbers([value.get(name) for name in ("x", "y", *sides)], self.where)
        x, y, wide, high = given[0] * width / 100, given[1] * height / 100, given[2] * width / 100, given[3] * height / 100
        (degrees,) = numbers([value.get("rotation") or 0], self.where)
        # A rectangle turns about its upper left corner.
        points = polygons.box_corners(x, y, x + wide, y + high) if kind == "rectangle" else polygons.ellipse_points(x, y, wide, high)
        return polygons.fill([polygons.turned(points, (x, y), degrees)], width, height, self.where)


def read(source: Path, images: Path | None, line_width: int | None) -> list[LabelStudioImage]:
    """Read a JSON export as a stream.

    Args:
        source: The JSON file.
        images: Folder of the images; `images` beside the file, or the file's own folder, if not given.
        line_width: Of polygons that are not closed, pixels.
    Raises:
        UserError: If it is not such a file, or a task has the annotations of several people.
    """
    import ijson

    root = images or (source.parent / "images" if (source.parent / "images").is_dir() else source.parent)
    if not source.is_file() or not root.is_dir():
        raise UserError(
            f"{source}: expected the JSON export of a Label Studio project, and its images in {root} (--images names another folder)"
        )
    found = []
    known = _Known(root)
    try:
        with source.open("rb") as stream:
            pieces = InPieces(stream, _MOST_BYTES, str(source))
            for task in ijson.items(pieces, "item", use_float=True):
                pieces.next_piece()
                found.append(_task(task, known, line_width, source))
    except (ijson.JSONError, UnicodeDecodeError) as error:
        raise UserError(f"{source}: not JSON: {' '.join(str(error).split())[:120]}") from None
    if not found:
        raise UserError(f"{source}: lists no task; expected Label Studio's export as JSON")
    return found


def _task(task: Any, known: _Known, line_width: int | None, source: Path) -> LabelStudioImage:
    if isinstance(task, dict) and task.get("predictions") and "annotations" not in task:
        raise UserError(f"{source}: holds predictions; import them into Label Studio, submit them there, and export as JSON")
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict) or not isinstance(task.get("annotations"), list):
        raise UserError(f"{source}: expected tasks with data and annotations: Label Studio's export as JSON (JSON-MIN lacks sizes)")
    where = f"{source}: task {task.get('id')}"
    done = [one for one in task["annotations"] if isinstance(one, dict) and not one.get("was_cancelled")]
    true = [one for one in done if one.get("ground_truth")]
    if len(done) > 1 and len(true) != 1:
        raise UserError(f"{where}: has {len(done)} annotations; set one as ground truth, or delete the others")
    results = ((true if len(true) == 1 else done) or [{}])[0].get("result") or []
    regions = []
    names = set()
    for one in results:
        kind = one.get("type") if isinstance(one, dict) else None
        if kind not in _TYPES and isinstance(one, dict) and "original_width" not in one:
            continue  # a choice, a rating, a relation: nothing of the image's pixels
        if kind not in _TYPES or not isinstance(one.get("value"), dict):
            raise UserError(f"{where}: holds {kind}; expected polygons, brushes, rectangles or ellipses with labels")
        if _TYPES[kind] == "brush":
            one["value"]["rle"] = _code(one["value"].get("rle"), where).hex()  # a third of the list's text
        regions.append(json.dumps(one))
        names.add(str(one.get("to_name")))
    path = known.find(_address(task["data"], names, where), where)
    return LabelStudioImage(path, path.relative_to(known.root).with_suffix("").as_posix(), regions, line_width, where)


def _code(given: Any, where: str) -> bytes:
    if not isinstance(given, list) or not all(type(one) is int and 0 <= one < 256 for one in given):
        raise UserError(f"{where}: a brush without its rle, a list of bytes")
    return bytes(given)


def _address(data: dict[str, Any], names: set[str], where: str) -> str:
    """Find the image's address among a task's data: the one that ends as an image does."""
    addresses = [one for one in data.values() if isinstance(one, str) and _path_of(one).lower().endswith(SUFFIXES)]
    if len(addresses) != 1 or len(names) > 1:
        raise UserError(f"{where}: has {len(addresses)} images, expected one")
    return addresses[0]


def _path_of(address: str) -> str:
    """Give the path of an address such as /data/upload/1/0123abcd-a%20b.png, s3://bucket/a.png or /data/local-files/?d=folder/a.png."""
    _, local, place = address.partition("?d=")
    return unquote(place) if local else unquote(urlsplit(address).path)


class _Known:
    """The images in the folder, by names as Label Studio stores them: underscores for spaces, no other signs, behind eight digits."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._paths: dict[str, list[Path]] = {}
        for path in sorted(root.rglob("*")):
            if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                self._paths.setdefault(_stored(path.name), []).append(path)

    def find(self, address: str, where: str) -> Path:
        """Find an image's file.

        Raises:
            UserError: If there is none, or several could be meant.
        """
        given = _path_of(address)
        if ".." in Path(given).parts:
            raise UserError(f"{where}: {given!r} leaves the folder {self.root}")
        name = Path(given).name
        found = self._paths.get(_stored(name)) or self._paths.get(_stored(_UPLOAD.sub("", name))) or []
        if len(found) > 1:
            # The longest common end of the paths tells two files of one name in several folders apart.
            found = [path for path in found if f"/{given}".endswith(f"/{path.relative_to(self.root).as_posix()}")]
        if len(found) != 1:
            raise UserError(f"{where}: {name!r} is {'not' if not found else 'more than once'} in {self.root}")
        return inside(self.root, found[0].relative_to(self.root).as_posix(), where)


def _stored(name: str) -> str:
    return _UNSTORED.sub("", name.strip().replace(" ", "_"))
