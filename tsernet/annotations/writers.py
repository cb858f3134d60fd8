"""Files of annotation tools: LabelMe's JSON, COCO's JSON, the XML of `CVAT for images 1.1`, and Label Studio's tasks with predictions."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

from tsernet.annotations.outlines import Outline
from tsernet.annotations.shapes import Point

_LABELME_VERSION = "5.8.1"


@dataclass(frozen=True)
class Annotated:
    """An image: its name, its file's path below the images' folder, its size in pixels, its objects."""

    name: str
    file_name: str
    width: int
    height: int
    outlines: list[Outline]


def write_labelme(entries: Iterable[Annotated], folder: Path, out: Path, images: Path, label: str) -> None:
    """Write one JSON file an image, called as it.

    Args:
        entries: The images.
        folder: Where to write.
        out: Where that folder will lie when it is done; paths to the images start there.
        images: The images' folder.
        label: The class of all objects.
    """
    for entry in entries:
        target = folder / f"{entry.name}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        image_path = Path(os.path.relpath(images / entry.file_name, (out / entry.name).parent)).as_posix()
        tree = labelme_tree(entry, image_path, label)
        target.write_text(json.dumps(tree, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def labelme_tree(entry: Annotated, image_path: str, label: str) -> dict[str, Any]:
    """Say what a JSON file of LabelMe holds: the objects as polygons, and the image by its path from that file."""
    shapes: list[dict[str, Any]] = [
        {
            "label": label,
            "points": _pairs(one.polygon),
            "group_id": None,
            "description": "",
            "shape_type": "polygon",
            "flags": {},
            "mask": None,
        }
        for one in entry.outlines
    ]
    return {
        "version": _LABELME_VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": image_path,
        "imageData": None,
        "imageHeight": entry.height,
        "imageWidth": entry.width,
    }


def write_coco(entries: Iterable[Annotated], target: Path, label: str) -> None:
    """Write one JSON file: an annotation an object, each of one polygon."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, entry in enumerate(entries, start=1):
        images.append({"id": number, "file_name": entry.file_name, "width": entry.width, "height": entry.height})
        for one in entry.outlines:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": 1,
                    "segmentation": [[value for pair in _pairs(one.polygon) for value in pair]],
                    "area": one.area,
                    "bbox": list(one.box),
                    "iscrowd": 0,
                }
            )
    tree = {"categories": [{"id": 1, "name": label, "supercategory": ""}], "images": images, "annotations": annotations}
    target.write_text(json.dumps(tree, ensure_ascii=False) + "\n", encoding="utf-8")


def write_cvat(entries: Iterable[Annotated], target: Path, label: str) -> None:
    """Write one XML file: a polygon an object."""
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    task = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    one_label = ElementTree.SubElement(ElementTree.SubElement(task, "labels"), "label")
    ElementTree.SubElement(one_label, "name").text = label
    ElementTree.SubElement(one_label, "attributes")
    for number, entry in enumerate(entries):
        given = {"id": str(number), "name": entry.file_name, "width": str(entry.width), "height": str(entry.height)}
        image = ElementTree.SubElement(root, "image", given)
        for one in entry.outlines:
            points = ";".join(f"{x:.2f},{y:.2f}" for x, y in one.polygon)
            ElementTree.SubElement(image, "polygon", {"label": label, "source": "auto", "occluded": "0", "points": points, "z_order": "0"})
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(target, encoding="utf-8", xml_declaration=True)


def write_label_studio(entries: Iterable[Annotated], target: Path, label: str) -> None:
    """Write one JSON file of tasks, each with a prediction: a polygon an object, which a person takes over and corrects.

    The images' addresses are those of Label Studio's local files, below the folder that it serves.
    """
    tasks = []
    for entry in entries:
        regions = [
            {
                "id": f"object-{number}",
                "from_name": "label",
                "to_name": "image",
                "type": "polygonlabels",
                "original_width": entry.width,
                "original_height": entry.height,
                "image_rotation": 0,
                # In percent of the image, with as many digits as keep a point where it is.
                "value": {
                    "points": [[100.0 * x / entry.width, 100.0 * y / entry.height] for x, y in one.polygon],
                    "closed": True,
                    "polygonlabels": [label],
                },
            }
            for number, one in enumerate(entry.outlines, start=1)
        ]
        address = f"/data/local-files/?d={quote(entry.file_name)}"
        tasks.append({"data": {"image": address}, "predictions": [{"model_version": "tsernet", "result": regions}]})
    target.write_text(json.dumps(tasks, ensure_ascii=False) + "\n", encoding="utf-8")


def _pairs(polygon: list[Point]) -> list[list[float]]:
    return [[round(x, 2), round(y, 2)] for x, y in polygon]
