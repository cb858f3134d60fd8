"""Files that the tools' own libraries have written: a hole, two polygons of one object, one that leaves the image, no object, a space."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from owners import CVAT_SDK, DATUMARO, LABEL_STUDIO_SDK, ULTRALYTICS, install, run
from PIL import Image, ImageDraw

from tsernet.annotations import ImportOptions, import_dataset

pytestmark = [pytest.mark.slow, pytest.mark.long]  # packages are fetched

WIDTH, HEIGHT = 90, 50
# Two of one object, and one that leaves the image; slanted, so that borders count.
POLYGONS = [
    [[50.0, 3.0], [84.0, 6.0], [80.0, 16.0], [55.0, 12.0]],
    [[50.0, 20.0], [70.0, 18.0], [72.0, 27.0], [52.0, 25.0]],
    [[75.0, 30.0], [120.0, 34.0], [110.0, 80.0], [70.0, 70.0]],
]


def silent(done: int, total: int) -> None:
    """Show nothing."""


def ring() -> Any:
    """Draw an ellipse with a hole, on the left."""
    canvas = Image.new("1", (WIDTH, HEIGHT))
    ImageDraw.Draw(canvas).ellipse([4, 5, 40, 44], fill=1)
    ImageDraw.Draw(canvas).ellipse([14, 15, 27, 31], fill=0)
    return np.array(canvas, dtype=bool)


def polygons() -> Any:
    """Draw the polygons on a grid sixteen times as fine, and take a pixel's centre."""
    canvas = Image.new("1", (WIDTH * 16, HEIGHT * 16))
    for points in POLYGONS:
        ImageDraw.Draw(canvas).polygon([(16 * x, 16 * y) for x, y in points], fill=1)
    return np.array(canvas, dtype=bool)[8::16, 8::16]


def save_images(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("coil 7", "empty"):
        Image.fromarray(np.full((HEIGHT, WIDTH), 90, np.uint8)).save(folder / f"{name}.png")


def coco_tree(*annotations: dict[str, Any]) -> dict[str, Any]:
    """Describe the images in COCO's words; the annotations are of the first."""
    return {
        "categories": [{"id": 1, "name": "scratch"}],
        "images": [{"id": n, "file_name": name, "width": WIDTH, "height": HEIGHT} for n, name in ((1, "coil 7.png"), (2, "empty.png"))],
        "annotations": [one | {"image_id": 1, "category_id": 1, "iscrowd": 0} for one in annotations],
    }


def compare(out: Path, name: str = "coil 7") -> None:
    """Compare the left half, run-length codes, to the pixel, and the right half, polygons, but for the pixels of borders."""
    found = np.array(Image.open(out / f"masks/{name}.png")) > 0
    assert (found[:, :45] == ring()[:, :45]).all()
    wanted = polygons()
    assert (found[:, 45:] & wanted[:, 45:]).sum() / (found[:, 45:] | wanted[:, 45:]).sum() >= 0.98
    assert not (np.array(Image.open(out / "masks/empty.png")) > 0).any()


BY_DATUMARO = """
import json, sys
import datumaro, numpy
from datumaro.components.annotation import Mask, Polygon
from datumaro.components.media import Image
out, polygons, ring = sys.argv[1], json.loads(sys.argv[2]), numpy.load(sys.argv[3])
shapes = [Polygon([value for point in one for value in point], label=0, group=number // 2) for number, one in enumerate(polygons, start=2)]
pixels = numpy.full((*ring.shape, 3), 90, numpy.uint8)
items = [datumaro.DatasetItem(id=name, media=Image.from_numpy(pixels), annotations=given)
         for name, given in (("coil 7", [*shapes, Mask(ring.astype(numpy.uint8), label=1, group=9)]), ("empty", []))]
dataset = datumaro.Dataset.from_iterable(items, categories=["scratch", "patch"])
for name, options in (("cvat", {}), ("coco_instances", {}), ("voc_segmentation", {"label_map": "source"})):
    # VOC takes masks alone.
    given = dataset.transform("polygons_to_masks") if name.startswith("voc") else dataset
    given.export(f"{out}/{name}", name, save_media=True, image_ext=".png", **options)
# Of MVTec AD's masks it writes an image's first alone.
whole = Mask(numpy.load(sys.argv[4]).astype(numpy.uint8), label=0)
items = [datumaro.DatasetItem(id=name, subset="test", media=Image.from_numpy(pixels), annotations=given)
         for name, given in (("scratch/coil 7", [whole]), ("good/empty", []))]
datumaro.Dataset.from_iterable(items, categories=["scratch"]).export(f"{out}/mvtec", "mvtec_segmentation", save_media=True)
"""


@pytest.fixture(scope="module")
def by_datumaro(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("datumaro")
    tool = install(folder / "tool", DATUMARO)
    np.save(folder / "ring.npy", ring())
    np.save(folder / "whole.npy", ring() | polygons())
    run(tool, BY_DATUMARO, folder, json.dumps(POLYGONS), folder / "ring.npy", folder / "whole.npy")
    return folder


# VOC knows no objects, only classes.
@pytest.mark.parametrize(
    ("name", "source", "images", "objects"),
    [
        ("cvat", "cvat/default.xml", None, 4),
        ("coco", "coco_instances/annotations/instances_default.json", "coco_instances/images/default", 3),
        ("voc", "voc_segmentation", None, 2),
    ],
)
def test_what_datumaro_writes(by_datumaro: Path, tmp_path: Path, name: str, source: str, images: str | None, objects: int) -> None:
    options = ImportOptions(images=by_datumaro / images if images else None, unannotated="clean")
    report = import_dataset(name, by_datumaro / source, tmp_path / "own", options, silent)
    assert (report.images, report.objects, report.classes) == (2, objects, {"clean": 1, "patch": 1})
    compare(tmp_path / "own")


def test_the_mvtec_folder_that_datumaro_writes(by_datumaro: Path, tmp_path: Path) -> None:
    report = import_dataset("mvtec", by_datumaro / "mvtec", tmp_path / "own", ImportOptions(unannotated="clean"), silent)
    assert (report.images, report.classes) == (2, {"clean": 1, "scratch": 1})
    assert (np.array(Image.open(tmp_path / "own/masks/test/scratch/coil 7.png")) > 0).tolist() == (ring() | polygons()).tolist()
    assert not np.array(Image.open(tmp_path / "own/masks/test/good/empty.png")).any()


BY_ULTRALYTICS = """
import sys
from pathlib import Path
import numpy
from PIL import Image
from ultralytics.data.converter import convert_coco
from ultralytics.data.utils import polygon2mask
out, height, width = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
convert_coco(sys.argv[1], str(out), use_segments=True, cls91to80=False)
whole = numpy.zeros((height, width), bool)
for text in out.rglob("*.txt"):
    for line in text.read_text().splitlines():
        points = numpy.array(line.split()[1:], numpy.float32).reshape(-1, 2) * numpy.float32([width, height])
        whole |= polygon2mask((height, width), [points.reshape(-1)]) > 0
Image.fromarray(whole).save(out / "drawn.png")
"""


def test_what_ultralytics_writes_and_draws(tmp_path: Path) -> None:
    """An object of two polygons is one line there, with a bridge between them. No point may leave the image."""
    tool = install(tmp_path / "tool", ULTRALYTICS)
    save_images(tmp_path / "set/images")
    flat = [[value for point in one for value in point] for one in POLYGONS[:2]]
    tree = coco_tree({"id": 1, "bbox": [50, 3, 34, 24], "segmentation": flat})
    (tmp_path / "json").mkdir()
    (tmp_path / "json/default.json").write_text(json.dumps(tree))
    run(tool, BY_ULTRALYTICS, tmp_path / "json", tmp_path / "converted", HEIGHT, WIDTH)
    (tmp_path / "converted/labels/default").rename(tmp_path / "set/labels")
    report = import_dataset("yolo", tmp_path / "set", tmp_path / "own", ImportOptions(unannotated="clean"), silent)
    assert (report.images, report.objects) == (2, 1)
    found = np.array(Image.open(tmp_path / "own/masks/coil 7.png")) > 0
    assert found.sum() > 300
    assert (found == np.array(Image.open(tmp_path / "converted/drawn.png"))).all()
    assert not np.array(Image.open(tmp_path / "own/masks/empty.png")).any()


BY_CVAT_SDK = """
import sys
import numpy
from cvat_sdk.masks import encode_mask
ring = numpy.load(sys.argv[1])
rows, columns = numpy.nonzero(ring)
*counts, left, top, right, bottom = encode_mask(ring, [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
box = f'left="{left}" top="{top}" width="{right - left + 1}" height="{bottom - top + 1}"'
code = ", ".join(map(str, counts))
print(f'<mask label="patch" source="manual" occluded="0" rle="{code}" {box} z_order="0"></mask>', file=open(sys.argv[2], "w"))
"""


def test_cvat_sdks_masks_in_their_own_box(tmp_path: Path) -> None:
    tool = install(tmp_path / "tool", CVAT_SDK)
    np.save(tmp_path / "ring.npy", ring())
    run(tool, BY_CVAT_SDK, tmp_path / "ring.npy", tmp_path / "mask.xml")
    save_images(tmp_path / "images")
    shapes = [f'<polygon label="a" points="{";".join(f"{x},{y}" for x, y in points)}"/>' for points in POLYGONS]
    images = (
        f'<image id="0" name="coil 7.png" width="{WIDTH}" height="{HEIGHT}">{"".join(shapes)}{(tmp_path / "mask.xml").read_text()}</image>'
    )
    empty = f'<image id="1" name="empty.png" width="{WIDTH}" height="{HEIGHT}"/>'
    (tmp_path / "annotations.xml").write_text(f"<annotations><version>1.1</version><meta/>{images}{empty}</annotations>")
    import_dataset("cvat", tmp_path / "annotations.xml", tmp_path / "own", ImportOptions(unannotated="clean"), silent)
    compare(tmp_path / "own")


BY_LABEL_STUDIO = """
import json, sys
from label_studio_sdk.converter.brush import image2annotation
from label_studio_sdk.converter.imports.coco import convert_coco_to_ls
convert_coco_to_ls(sys.argv[1], sys.argv[2])
tasks = json.load(open(sys.argv[2]))
brush = image2annotation(sys.argv[3], "patch", "label", "image")
for task in tasks:
    if "coil" in task["data"]["image"]:
        task["annotations"][0]["result"] += brush["result"]
json.dump(tasks, open(sys.argv[2], "w"))
"""


def test_label_studios_json(tmp_path: Path) -> None:
    tool = install(tmp_path / "tool", LABEL_STUDIO_SDK)
    save_images(tmp_path / "images")
    Image.fromarray(ring()).save(tmp_path / "ring.png")
    flat = [[value for point in one for value in point] for one in POLYGONS]
    given = [{"id": 1, "segmentation": flat[:2]}, {"id": 2, "segmentation": flat[2:]}]
    tree = coco_tree(*given)
    (tmp_path / "coco.json").write_text(json.dumps(tree))
    run(tool, BY_LABEL_STUDIO, tmp_path / "coco.json", tmp_path / "export.json", tmp_path / "ring.png")
    report = import_dataset("label-studio", tmp_path / "export.json", tmp_path / "own", ImportOptions(unannotated="clean"), silent)
    assert report.images == 2
    compare(tmp_path / "own")
