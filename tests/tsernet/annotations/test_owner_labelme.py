"""Files that LabelMe itself has written: its label-file class, without its window."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from owners import LABELME, install, run
from PIL import Image, ImageDraw

from tsernet.annotations import ImportOptions, import_dataset

pytestmark = pytest.mark.slow  # on a busy machine: packages are fetched

WIDTH, HEIGHT = 300, 200
# Two polygons of one object, one that leaves the image, and one whose hole is joined to its outline by a cut, there and back.
PIECES = [
    [[150.0, 12.0], [205.5, 20.0], [198.0, 60.0], [156.0, 52.25]],
    [[215.0, 15.0], [280.0, 11.5], [288.0, 66.0], [222.0, 70.0]],
]
LEAVES = [[240.0, 120.0], [420.0, 140.0], [390.0, 320.0], [220.0, 280.0]]
CUT = [
    [20.0, 110.0],
    [20.0, 190.0],
    [120.0, 190.0],
    [120.0, 110.0],
    [20.0, 110.0],
    [45.0, 130.0],
    [95.0, 130.0],
    [95.0, 170.0],
    [45.0, 170.0],
]
CUT += [[45.0, 130.0]]
SHAPES: list[dict[str, Any]] = [
    *({"label": "scratch", "shape_type": "polygon", "points": points, "group_id": 4} for points in PIECES),
    {"label": "scratch", "shape_type": "polygon", "points": LEAVES},
    {"label": "patch", "shape_type": "polygon", "points": CUT},
    # The corners of its box, both included; the pixels are those of ring().
    {"label": "patch", "shape_type": "mask", "points": [[10.0, 8.0], [110.0, 88.0]]},
]
OTHERS: list[dict[str, Any]] = [
    {"label": "a", "shape_type": "rectangle", "points": [[60.0, 40.0], [12.5, 9.0]]},
    {"label": "a", "shape_type": "oriented_rectangle", "points": [[100.0, 20.0], [150.0, 40.0], [140.0, 65.0], [90.0, 45.0]]},
    {"label": "a", "shape_type": "circle", "points": [[230.0, 60.0], [260.0, 71.0]]},
    {"label": "a", "shape_type": "line", "points": [[10.0, 100.0], [280.0, 121.0]]},
    {"label": "a", "shape_type": "linestrip", "points": [[10.0, 150.0], [90.0, 190.0], [150.0, 140.0]]},
    {"label": "a", "shape_type": "point", "points": [[200.0, 170.0]]},
]

# Qt is the window only: nothing of it is called here, and its wheels have 70 MB. ONNX Runtime, for its assistants, leaves a file.
BY_LABELME = """
import json, sys
from unittest.mock import MagicMock
sys.modules["PyQt5"] = sys.modules["onnxruntime"] = MagicMock()
import numpy
from labelme import LabelFile, utils
folder, shapes, ring = sys.argv[1], json.loads(sys.argv[2]), numpy.load(sys.argv[3])
width, height, line_width = json.loads(sys.argv[4])
for shape in shapes:
    shape.update(mask=ring if shape["shape_type"] == "mask" else None, flags={}, description="", group_id=shape.get("group_id"))
union = numpy.zeros((height, width), bool)
for shape in shapes:
    thin = dict(line_width=line_width, point_size=line_width / 2)
    if shape["shape_type"] == "mask":
        union |= utils.shapes_to_label((height, width), [shape], {shape["label"]: 1})[0] > 0
    else:
        union |= utils.shape_to_mask((height, width), shape["points"], shape["shape_type"], **thin)
numpy.save(sys.argv[5], union)
written = [shape | {"mask": None if shape["mask"] is None else utils.img_arr_to_b64(ring.astype(numpy.uint8))} for shape in shapes]
for name, given in (("coil 7", written), ("empty", [])):
    LabelFile().save(f"{folder}/{name}.json", given, f"{name}.png", height, width, LabelFile.load_image_file(f"{folder}/{name}.png"))
"""


def silent(done: int, total: int) -> None:
    """Show nothing."""


def ring() -> Any:
    """Draw an ellipse with a hole, in its own box."""
    canvas = Image.new("1", (101, 81))
    ImageDraw.Draw(canvas).ellipse([0, 0, 100, 80], fill=1)
    ImageDraw.Draw(canvas).ellipse([30, 20, 60, 55], fill=0)
    return np.array(canvas, dtype=bool)


def near(points: list[list[float]]) -> Any:
    """Mark what lies inside a polygon by the rule of even and odd crossings, or at most half a pixel beside its border."""
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(float)
    inside, beside = np.zeros((HEIGHT, WIDTH), bool), np.zeros((HEIGHT, WIDTH), bool)
    for (x1, y1), (x2, y2) in zip(points, [*points[1:], points[0]], strict=True):
        if y1 != y2:
            inside ^= ((y1 > y) != (y2 > y)) & (x < x1 + (y - y1) / (y2 - y1) * (x2 - x1))
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        along = np.clip(((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / length, 0, 1)
        beside |= np.hypot(x - x1 - along * (x2 - x1), y - y1 - along * (y2 - y1)) <= 0.5
    return inside | beside


def written(tmp_path: Path, shapes: list[dict[str, Any]], line_width: int) -> Any:
    """Let LabelMe write the files of two images, the second without a shape; give the mask that it draws itself."""
    tool, folder = install(tmp_path / "tool", LABELME), tmp_path / "labelled"
    folder.mkdir()
    for name in ("coil 7", "empty"):
        Image.fromarray(np.full((HEIGHT, WIDTH), 90, np.uint8)).save(folder / f"{name}.png")
    np.save(tmp_path / "ring.npy", ring())
    run(tool, BY_LABELME, folder, json.dumps(shapes), tmp_path / "ring.npy", json.dumps([WIDTH, HEIGHT, line_width]), tmp_path / "own.npy")
    return np.load(tmp_path / "own.npy")


def test_a_file_of_labelme_becomes_what_labelme_draws(tmp_path: Path) -> None:
    by_labelme = written(tmp_path, SHAPES, 1)
    report = import_dataset("labelme", tmp_path / "labelled", tmp_path / "own", ImportOptions(unannotated="clean"), silent)
    assert (report.images, report.objects, report.classes) == (2, 4, {"clean": 1, "patch": 1})
    found = np.array(Image.open(tmp_path / "own/masks/coil 7.png")) > 0
    assert (found == by_labelme).all()
    assert not np.array(Image.open(tmp_path / "own/masks/empty.png")).any()

    assert (found[8:89, 10:111] == ring()).all()
    wanted = np.zeros_like(found)
    for points in (*PIECES, LEAVES, CUT):
        wanted |= near(points)
    found[:100, :130] = False
    assert (found & wanted).sum() / (found | wanted).sum() >= 0.98
    assert not found[135:165, 50:90].any()  # the hole of the cut


def test_all_other_shapes_of_labelme(tmp_path: Path) -> None:
    by_labelme = written(tmp_path, OTHERS, 5)
    report = import_dataset("labelme", tmp_path / "labelled", tmp_path / "own", ImportOptions(line_width=5), silent)
    assert (report.objects, report.unannotated) == (6, 1)
    assert ((np.array(Image.open(tmp_path / "own/masks/coil 7.png")) > 0) == by_labelme).all()
