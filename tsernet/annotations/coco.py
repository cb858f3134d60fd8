"""COCO: polygons and run-length codes in one JSON file. A polygon becomes pixels as pycocotools draws it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsernet.annotations import polygons
from tsernet.annotations.runs import decompress_counts, from_counts
from tsernet.annotations.shapes import Marked, Piece, inside, numbers
from tsernet.annotations.streams import InPieces
from tsernet.errors import UserError

_MOST_BYTES = 8 * 2**20
"""Of one annotation: the outlines of all that an 8192×8192 image holds have half of it. Its numbers take up to 50 times the memory."""

_MOST_CATEGORIES = 100_000
"""More is no list of classes, and names that all differ take five times the file's size in memory."""

_LISTED = {f"categories.item{key}" for key in ("", ".id", ".name")} | {
    f"images.item{key}" for key in ("", ".id", ".file_name", ".width", ".height")
}
_SCALAR = {"string", "number", "boolean", "null"}

RULE = "pycocotools: a pixel whose centre lies inside; several polygons are united"


@dataclass(frozen=True)
class CocoImage:
    """An image of the file; its objects as JSON texts, which take a tenth of the memory of the parsed ones."""

    file: Path
    name: str
    size: tuple[int, int]
    objects: list[str]
    where: str

    def draw(self, width: int, height: int) -> Iterator[Marked]:
        """Draw the objects."""
        if self.size != (width, height):
            raise UserError(f"{self.where}: image {self.name} is {width}×{height}, the file says {self.size[0]}×{self.size[1]}")
        for text in self.objects:
            class_name, segmentation = json.loads(text)
            where = f"{self.where}: image {self.name}"
            draw = _polygons if isinstance(segmentation, list) else _runs
            yield Marked(class_name, draw(segmentation, width, height, where))


def read(source: Path, images: Path | None, line_width: int | None) -> list[CocoImage]:
    """Read a COCO file as a stream.

    Args:
        source: The JSON file.
        images: Folder of the images; `images` beside the file, or the file's own folder, if not given.
        line_width: Unused: COCO has no lines.
    Raises:
        UserError: If it is not such a file.
    """
    import ijson

    root = images or (source.parent / "images" if (source.parent / "images").is_dir() else source.parent)
    if not source.is_file():
        raise UserError(f"{source}: no such file; expected the JSON file of a COCO dataset")
    try:
        classes, entries, listed = _listed(ijson, source)
        objects: dict[Any, list[str]] = defaultdict(list)
        for one in _annotations(ijson, source, listed):
            if one["image_id"] not in entries:
                raise UserError(f"{source}: an annotation is of image {one['image_id']}, which is not listed")
            if one["category_id"] not in classes:
                raise UserError(f"{source}: an annotation has the category {one['category_id']}, which is not listed")
            if "segmentation" not in one and "bbox" in one:
                raise UserError(f"{source}: annotation {one.get('id')} is a box alone, without a segmentation: polygons or runs")
            objects[one["image_id"]].append(json.dumps([classes[one["category_id"]], one["segmentation"]]))
    except (ijson.JSONError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise UserError(f"{source}: expected a COCO file: {type(error).__name__} {' '.join(str(error).split())[:120]}") from None
    if not entries:
        raise UserError(f"{source}: lists no image")
    found = []
    for key, (file_name, size) in entries.items():
        name = Path(file_name.replace("\\", "/")).with_suffix("").as_posix()
        found.append(CocoImage(inside(root, file_name, str(source)), name, size, objects[key], str(source)))
    return found


def _listed(ijson: Any, source: Path) -> tuple[dict[Any, str], dict[Any, tuple[str, tuple[int, int]]], int]:
    """Read the names of the categories and the files and sizes of the images, by id; and where in the file the last image ends.

    Event by event, so that whatever else an entry holds, and whatever lies before the lists, is never in memory as a whole.
    """
    found: dict[str, dict[Any, Any]] = {"categories": {}, "images": {}}
    sizes: dict[tuple[int, int], tuple[int, int]] = {}
    one: dict[str, Any] = {}
    listed = 0
    with source.open("rb") as stream:
        for prefix, event, value in ijson.parse(stream, use_float=True):
            if prefix not in _LISTED:
                continue
            section, _, key = prefix.partition(".item")
            if key:
                if event in _SCALAR:
                    one[key[1:]] = value
            elif event == "start_map":
                one = {}
            elif event == "end_map" and section == "categories":
                found[section][one["id"]] = str(one["name"])
                if len(found[section]) > _MOST_CATEGORIES:
                    raise UserError(f"{source}: lists more than {_MOST_CATEGORIES} categories")
            elif event == "end_map":
                size = int(one["width"]), int(one["height"])
                found[section][one["id"]] = str(one["file_name"]), sizes.setdefault(size, size)
                listed = stream.tell()
    return found["categories"], found["images"], listed


def _annotations(ijson: Any, source: Path, ahead: int) -> Iterator[Any]:
    """Read the annotations, of which each may have so many bytes; the list of images is not counted."""
    with source.open("rb") as stream:
        pieces = InPieces(stream, _MOST_BYTES, str(source), ahead)
        for one in ijson.items(pieces, "annotations.item", use_float=True):
            pieces.next_piece()
            yield one


def _polygons(given: list[Any], width: int, height: int, where: str) -> Piece:
    flat = [numbers(one if isinstance(one, list) else [], where) for one in given]
    if any(len(one) % 2 for one in flat):
        raise UserError(f"{where}: expected polygons as pairs of coordinates")
    return polygons.fill([list(zip(one[::2], one[1::2], strict=True)) for one in flat], width, height, where)


def _runs(code: Any, width: int, height: int, where: str) -> Piece:
    if not isinstance(code, dict) or code.get("size") != [height, width]:
        raise UserError(f"{where}: expected a run-length code of size [{height}, {width}]")
    counts = code.get("counts")
    if isinstance(counts, str):
        return from_counts(decompress_counts(counts, width * height, where), width, height, where)
    if not isinstance(counts, list):
        raise UserError(f"{where}: expected counts as a list or a text")
    return from_counts(counts, width, height, where)
