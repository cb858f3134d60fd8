"""Saliency maps as annotations of a tool: what a threshold marks, as polygons that a person corrects instead of drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tsernet.annotations import labelme, polygons, writers
from tsernet.annotations.outlines import Convention, outlines_of
from tsernet.annotations.shapes import Mask, Point
from tsernet.annotations.writers import Annotated
from tsernet.errors import UserError
from tsernet.images.decode import decode
from tsernet.images.errors import ImageError
from tsernet.images.levels import Samples

ExportFormat = Literal["labelme", "coco", "cvat", "label-studio"]
_SINGLE = {"coco": "annotations.json", "cvat": "annotations.xml", "label-studio": "tasks.json"}


@dataclass(frozen=True)
class MapFile:
    """A map: its name below its folder, `coil7/001`, its file, and the image that it belongs to, if that is at hand."""

    name: str
    file: Path
    image: Path | None = None


@dataclass(frozen=True)
class ExportOptions:
    """How maps become annotations.

    Attributes:
        threshold: The value of a map, 1 to 255, from which on a pixel is a defect.
        tolerance: How far a polygon may leave the outline of what is marked, pixels.
        label: The class that every object gets: maps have none.
    """

    threshold: int = 128
    tolerance: float = 1.0
    label: str = "defect"


@dataclass
class ExportReport:
    """What was written: images, those without an object, objects, and the points of their polygons."""

    images: int = 0
    clean: int = 0
    objects: int = 0
    points: int = 0


def _by_pillow(polygon: list[Point], width: int, height: int) -> Mask:
    return labelme.draw_polygon(polygon, width, height)


def _by_pycocotools(polygon: list[Point], width: int, height: int) -> Mask:
    return polygons.fill([polygon], width, height, "an outline").of_size(width, height)


_CONVENTIONS = {
    "labelme": Convention(on_edges=False, draw=_by_pillow),
    "coco": Convention(on_edges=True, draw=_by_pycocotools),
    "cvat": Convention(on_edges=True, draw=_by_pycocotools),
    "label-studio": Convention(on_edges=True, draw=_by_pycocotools),
}


def files_of(format_name: ExportFormat, names: Sequence[str]) -> list[str]:
    """Name the files that an export of these maps writes, relative to its folder."""
    return [f"{name}.json" for name in names] if format_name == "labelme" else [_SINGLE[format_name]]


def export_annotations(
    format_name: ExportFormat,
    maps: Sequence[MapFile],
    images: Path | None,
    folder: Path,
    out: Path,
    options: ExportOptions,
    progress: Callable[[], None],
) -> ExportReport:
    """Write the annotations of maps.

    Args:
        format_name: Of the tool.
        maps: With the images, where those are given.
        images: The images' folder; None if an image is to be called as its map.
        folder: Where to write, an empty folder.
        out: Where that will lie in the end: LabelMe finds an image by its path from there.
        options: How.
        progress: Called after each map.
    Raises:
        UserError: If a map cannot be read, is not 8-bit grey, or has another size than its image.
    """
    report = ExportReport()
    entries = _entries(format_name, maps, images, options, report, progress)
    if format_name == "labelme":
        writers.write_labelme(entries, folder, out, images or out, options.label)
    elif format_name == "coco":
        writers.write_coco(entries, folder / _SINGLE["coco"], options.label)
    elif format_name == "cvat":
        writers.write_cvat(entries, folder / _SINGLE["cvat"], options.label)
    else:
        writers.write_label_studio(entries, folder / _SINGLE["label-studio"], options.label)
    return report


def labelme_of(saliency: NDArray[np.uint8], image_path: str, options: ExportOptions) -> dict[str, Any]:
    """Make one map's LabelMe file without writing it.

    Args:
        saliency: The map, uint8 (H, W).
        image_path: Of its image, from where the file will lie.
        options: How.
    Returns:
        What the JSON file holds.
    """
    height, width = saliency.shape
    outlines = list(outlines_of(saliency >= options.threshold, _CONVENTIONS["labelme"], options.tolerance))
    return writers.labelme_tree(Annotated(image_path, image_path, width, height, outlines), image_path, options.label)


def _entries(
    format_name: str,
    maps: Sequence[MapFile],
    images: Path | None,
    options: ExportOptions,
    report: ExportReport,
    progress: Callable[[], None],
) -> Iterator[Annotated]:
    for one in maps:
        pixels = _read(one.file)
        if pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
            pixels = pixels[..., 0]  # grey in the clothes of colour, as many maps are published
        if pixels.dtype != np.uint8 or pixels.ndim != 2:
            raise UserError(f"{one.file}: expected a map as predict writes it, 8-bit grey")
        height, width = pixels.shape
        if one.image is not None:
            high, wide = _read(one.image).shape[:2]
            if (wide, high) != (width, height):
                raise UserError(f"{one.file}: is {width}×{height}, its image {one.image} {wide}×{high}")
        outlines = list(outlines_of(pixels >= options.threshold, _CONVENTIONS[format_name], options.tolerance))
        report.images += 1
        report.clean += not outlines
        report.objects += len(outlines)
        report.points += sum(len(outline.polygon) for outline in outlines)
        file_name = one.image.relative_to(images).as_posix() if one.image and images else f"{one.name}.png"
        yield Annotated(one.name, file_name, width, height, outlines)
        progress()


def _read(path: Path) -> Samples:
    try:
        return decode(path).pixels
    except ImageError as error:
        raise UserError(f"{path}: {error.sentence}") from None
