"""Annotations of other tools become the masks that their owners draw; what is malformed leaves nothing behind."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from pycocotools import mask as pycoco
from scipy import ndimage

from tsernet.annotations import ImportOptions, coco, import_dataset
from tsernet.annotations.runs import decompress_counts, from_counts, from_starts
from tsernet.data import progress
from tsernet.data.layout import read_labels
from tsernet.errors import UserError

WIDTH, HEIGHT = 40, 24
POLYGON = [[3.0, 3.0], [30.5, 4.0], [28.0, 20.0], [5.0, 18.0]]


def silent(done: int, total: int) -> None:
    """Show nothing."""


def save_image(path: Path, width: int = WIDTH, height: int = HEIGHT) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)).save(path)


def mask_of(out: Path, name: str) -> Any:
    mask = np.array(Image.open(out / f"masks/{name}.png"))
    assert set(np.unique(mask)) <= {0, 255}
    return mask > 0


def ellipse() -> Any:
    canvas = Image.new("1", (WIDTH, HEIGHT))
    ImageDraw.Draw(canvas).ellipse([5, 3, 30, 18], fill=1)
    ImageDraw.Draw(canvas).ellipse([12, 7, 20, 12], fill=0)  # a hole
    return np.array(canvas, dtype=bool)


def coco_file(folder: Path, *segmentations: Any, **changes: Any) -> Path:
    """Write a COCO file of one image with a space in its name, and one image without an annotation."""
    for name in ("coil 7.png", "empty.png"):
        save_image(folder / "images" / name)
    tree: dict[str, Any] = {
        "categories": [{"id": 5, "name": "scratch"}],
        "images": [
            {"id": 1, "file_name": "coil 7.png", "width": WIDTH, "height": HEIGHT},
            {"id": 2, "file_name": "empty.png", "width": WIDTH, "height": HEIGHT},
        ],
        "annotations": [
            {"id": n, "image_id": 1, "category_id": 5, "segmentation": one, "iscrowd": 0} for n, one in enumerate(segmentations)
        ],
    } | changes
    (folder / "coco.json").write_text(json.dumps(tree))
    return folder / "coco.json"


def test_cocos_run_length_codes_are_exact(tmp_path: Path) -> None:
    wanted = ellipse()
    code = pycoco.encode(np.asfortranarray(wanted.astype(np.uint8)))
    compressed = {"size": [HEIGHT, WIDTH], "counts": code["counts"].decode()}
    flat = wanted.T.ravel()
    edges = np.flatnonzero(np.diff(flat)) + 1
    counts = np.diff([0, *edges, flat.size]).tolist()
    for number, one in enumerate((compressed, {"size": [HEIGHT, WIDTH], "counts": counts})):
        folder = tmp_path / str(number)
        report = import_dataset("coco", coco_file(folder, one), folder / "own", ImportOptions(), silent)
        assert (mask_of(folder / "own", "coil 7") == wanted).all()
        assert (report.images, report.unannotated, report.classes) == (1, 1, {"scratch": 1})


def test_cocos_polygons_are_drawn_as_pycocotools_draws_them(tmp_path: Path) -> None:
    """Two polygons of one object, one of which leaves the image."""
    polygons = [[value for point in POLYGON for value in point], [35.0, -8.0, 60.0, -8.0, 60.0, 10.0, 35.0, 10.0]]
    report = import_dataset(
        "coco", coco_file(tmp_path, polygons), tmp_path / "own", ImportOptions(unannotated="clean", group_from=r"(coil) (\d)"), silent
    )
    found = mask_of(tmp_path / "own", "coil 7")
    canvas = Image.new("1", (WIDTH * 16, HEIGHT * 16))
    for flat in polygons:
        ImageDraw.Draw(canvas).polygon([(16 * x, 16 * y) for x, y in zip(flat[::2], flat[1::2], strict=True)], fill=1)
    drawn = np.array(canvas, dtype=bool)[8::16, 8::16]  # a pixel's centre
    assert (found & drawn).sum() / (found | drawn).sum() >= 0.98  # all but pixels of the border
    assert not mask_of(tmp_path / "own", "empty").any()
    rows = list(csv.reader((tmp_path / "own/labels.csv").read_text().splitlines()))
    assert rows == [["name", "class", "group"], ["coil 7", "scratch", "coil"], ["empty", "clean", ""]]
    assert (report.without_group, report.first_without_group) == (1, "empty")


def test_groups_that_no_name_has_are_an_error(tmp_path: Path) -> None:
    """Else images of one coil would be torn apart, and nobody told."""
    with pytest.raises(UserError, match=r"--group-from 'strip\(\\\\d\+\)': is found in no name, such as coil 7"):
        import_dataset(
            "coco", coco_file(tmp_path, [[3, 3, 30, 4, 28, 20]]), tmp_path / "own", ImportOptions(group_from=r"strip(\d+)"), silent
        )
    assert not (tmp_path / "own").exists()


def test_an_image_whose_only_object_marks_no_pixel_does_not_become_clean(tmp_path: Path) -> None:
    """SAHI 0.12.8 writes a scratch 0.8 pixels wide so (findings/sahi-cuts-polygons-to-whole-pixels.sh)."""
    hairline = [10.0, 5.0, 10.0, 5.0, 10.0, 20.0, 10.0, 20.0]
    source = coco_file(tmp_path, [hairline])
    with pytest.raises(UserError, match=r"no object marks a pixel, such as in .*coil 7.*\(scratch\)"):
        import_dataset("coco", source, tmp_path / "own", ImportOptions(), silent)
    report = import_dataset("coco", source, tmp_path / "own", ImportOptions(unannotated="clean"), silent)
    assert (report.images, report.objects, report.without_pixels, report.classes) == (1, 0, 1, {"clean": 1})
    assert [path.stem for path in (tmp_path / "own/masks").iterdir()] == ["empty"]


def test_an_endless_list_of_categories_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coco, "_MOST_CATEGORIES", 3)
    source = coco_file(tmp_path, categories=[{"id": n, "name": f"class {n}"} for n in range(4)])
    with pytest.raises(UserError, match=r"coco\.json: lists more than 3 categories$"):
        import_dataset("coco", source, tmp_path / "own", ImportOptions(), silent)


def many_coco_images(folder: Path, count: int, broken: int | None = None) -> Path:
    """Write images with a box each, one pixel wider from image to image; of one the run-length code may be too short."""
    boxes = [[[2, 2, 4 + n % 20, 2, 4 + n % 20, 9, 2, 9]] for n in range(count)]
    segmentations = [{"size": [HEIGHT, WIDTH], "counts": [3]} if n == broken else box for n, box in enumerate(boxes)]
    for n in range(count):
        save_image(folder / f"images/{n:03d}.png")
    listed = [{"id": n, "file_name": f"{n:03d}.png", "width": WIDTH, "height": HEIGHT} for n in range(count)]
    given = [{"id": n, "image_id": n, "category_id": 5, "segmentation": one, "iscrowd": 0} for n, one in enumerate(segmentations)]
    return coco_file(folder, images=listed, annotations=given)


def test_many_images_are_converted_by_all_cores_with_the_same_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = many_coco_images(tmp_path, 70)
    seen: list[tuple[int, int]] = []
    together = import_dataset("coco", source, tmp_path / "together", ImportOptions(), lambda done, total: seen.append((done, total)))
    assert seen == [(n, 70) for n in range(1, 71)]
    monkeypatch.setattr(progress, "_WORTH_A_PROCESS", 1000)
    alone = import_dataset("coco", source, tmp_path / "alone", ImportOptions(), silent)
    assert together == alone
    for name in (*alone.files, "import.json"):
        assert (tmp_path / "together" / name).read_bytes() == (tmp_path / "alone" / name).read_bytes()


def test_one_bad_image_of_many_is_one_line_and_nothing_is_written(tmp_path: Path) -> None:
    source = many_coco_images(tmp_path, 70, broken=40)
    with pytest.raises(UserError, match=r"coco\.json: image 040: the run-length code does not cover 40×24 pixels$"):
        import_dataset("coco", source, tmp_path / "own", ImportOptions(), silent)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coco.json", "images"]


def test_a_code_that_lies_about_its_length_is_refused_before_it_is_drawn() -> None:
    with pytest.raises(UserError, match="does not cover 40×24 pixels"):
        from_counts([10, 2**40], WIDTH, HEIGHT, "a.json")
    with pytest.raises(UserError, match="not a compressed"):
        decompress_counts("\x01\x02", 100, "a.json")
    with pytest.raises(UserError, match="leaves the image"):
        from_starts("959 9", WIDTH, HEIGHT, "a.csv")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"images": [{"id": 1, "file_name": "../secret.png", "width": 1, "height": 1}]}, "leaves the folder"),
        ({"images": [{"id": 1, "file_name": "none.png", "width": 1, "height": 1}]}, "is not in"),
        ({"categories": []}, "category 5, which is not listed"),
        ({"images": []}, "is of image 1, which is not listed"),
        ({"images": [{"id": 1, "file_name": "coil 7.png", "width": 9, "height": 9}]}, "the file says 9×9"),
        ({"images": [{"id": 1, "file_name": "coil 7.png", "width": 9}]}, "KeyError 'height'"),
        ({"images": [{"id": 1, "file_name": "coil 7.png", "width": 10**400, "height": 9}]}, "integer overflow"),
        ({"images": [{"id": 1, "file_name": "coil 7.png", "width": "wide", "height": 9}]}, "ValueError"),
        ({"images": [{"id": [1], "file_name": "coil 7.png", "width": 9, "height": 9}]}, "KeyError 'id'"),
        ({"images": [1, 2]}, "is of image 1, which is not listed|KeyError"),
        ({"categories": 7}, "category 5, which is not listed"),
        (
            {"annotations": [{"image_id": 1, "category_id": 5, "segmentation": [[1, 1, 9, 1, 9, 10**400]]}]},
            "integer overflow",
        ),
        ({"annotations": [{"image_id": 1, "category_id": 5, "segmentation": [[1, 1, 9, True, 9, 9]]}]}, "expected numbers as coordinates"),
        (
            {"annotations": [{"image_id": 1, "category_id": 5, "segmentation": {"size": [24, 40], "counts": [9, 9]}}]},
            "does not cover 40×24",
        ),
        (
            {"annotations": [{"image_id": 1, "category_id": 5, "segmentation": {"size": [24, 40], "counts": [960.0]}}]},
            "does not cover 40×24",
        ),
        ({"annotations": [{"image_id": 1, "category_id": 5, "segmentation": {"size": [24, 40], "counts": "0"}}]}, "does not cover 40×24"),
        (
            {"annotations": [{"image_id": 1, "category_id": 5, "segmentation": {"size": [24, 40], "counts": "P" * 9 + "0"}}]},
            "not a compressed",
        ),
        ({"annotations": [{"image_id": 1, "category_id": 5, "segmentation": {"size": [24, 40], "counts": "P"}}]}, "ends within a number"),
        ({"annotations": [{"image_id": 1, "category_id": 5, "segmentation": {"size": [9, 9], "counts": [81]}}]}, r"of size \[24, 40\]"),
        ({"annotations": [{"image_id": 1, "category_id": 5, "segmentation": None}]}, r"of size \[24, 40\]"),
        (
            {"annotations": [{"id": 8, "image_id": 1, "category_id": 5, "bbox": [1, 1, 9, 9]}]},
            r"annotation 8 is a box alone, without a segmentation",
        ),
        ({"annotations": [{"image_id": 1, "category_id": 5}]}, "KeyError 'segmentation'"),
        ({"annotations": [{"image_id": [1], "category_id": 5}]}, "TypeError"),
        ({"annotations": [7]}, "TypeError"),
    ],
)
def test_malformed_coco_is_one_line_and_nothing_is_written(tmp_path: Path, changes: dict[str, Any], named: str) -> None:
    source = coco_file(tmp_path, [[1, 1, 9, 1, 9, 9]], **changes)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=named) as caught:
        import_dataset("coco", source, tmp_path / "own", ImportOptions(), silent)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert sorted(tmp_path.rglob("*")) == before


def test_truncated_json_is_one_line(tmp_path: Path) -> None:
    source = coco_file(tmp_path, [[1, 1, 9, 1, 9, 9]])
    source.write_text(source.read_text()[:-40])
    with pytest.raises(UserError, match="expected a COCO file"):
        import_dataset("coco", source, tmp_path / "own", ImportOptions(), silent)


def test_an_endless_coco_annotation_is_refused_and_a_long_list_of_images_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tsernet.annotations.coco._MOST_BYTES", 150_000)
    others = [{"id": 10 + n, "file_name": "empty.png", "width": WIDTH, "height": HEIGHT} for n in range(20_000)]
    source = coco_file(tmp_path, [[1, 1, 9, 1, 9, 9]])
    tree = json.loads(source.read_text())
    tree["images"] = others + tree["images"]
    source.write_text(json.dumps({key: tree[key] for key in ("categories", "images", "annotations")}))
    assert len(coco.read(source, None, None)) == 20_002
    endless = coco_file(tmp_path, [[1.5, 1.5] * 100_000])
    with pytest.raises(UserError, match="one of its entries has more than 150000 bytes"):
        import_dataset("coco", endless, tmp_path / "own", ImportOptions(), silent)
    assert not (tmp_path / "own").exists()


def labelme_file(folder: Path, *shapes: dict[str, Any]) -> Path:
    save_image(folder / "coil 7.png")
    tree = {
        "version": "5.8.1",
        "imagePath": "coil 7.png",
        "imageData": None,
        "imageWidth": WIDTH,
        "imageHeight": HEIGHT,
        "shapes": list(shapes),
    }
    (folder / "coil 7.json").write_text(json.dumps(tree))
    return folder


def test_labelmes_shapes_are_drawn_as_labelme_draws_them(tmp_path: Path) -> None:
    piece = io.BytesIO()
    Image.fromarray(np.ones((3, 4), dtype=bool)).save(piece, "PNG")
    shapes = [
        {"label": "patch", "shape_type": "polygon", "points": POLYGON},
        {"label": "scratch", "shape_type": "line", "points": [[2, 22], [37, 22]]},
        {"label": "patch", "shape_type": "mask", "points": [[34, 1], [37, 3]], "mask": base64.b64encode(piece.getvalue()).decode()},
    ]
    source = labelme_file(tmp_path / "labelled", *shapes)
    with pytest.raises(UserError, match="holds a line, which has no width of its own; --line-width"):
        import_dataset("labelme", source, tmp_path / "own", ImportOptions(), silent)
    import_dataset("labelme", source, tmp_path / "own", ImportOptions(line_width=1), silent)

    canvas = Image.new("1", (WIDTH, HEIGHT))
    pen = ImageDraw.Draw(canvas)
    pen.polygon([tuple(point) for point in POLYGON], fill=1, outline=1)
    pen.line([(2, 22), (37, 22)], fill=1, width=1)
    pen.rectangle([34, 1, 37, 3], fill=1)
    assert (mask_of(tmp_path / "own", "coil 7") == np.array(canvas, dtype=bool)).all()


def test_severstals_code_is_exact(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        save_image(tmp_path / "train_images" / name)
    (tmp_path / "train.csv").write_text(f"ImageId,ClassId,EncodedPixels\na.jpg,3,1 3 {HEIGHT + 2} 2\n")
    report = import_dataset("severstal", tmp_path / "train.csv", tmp_path / "own", ImportOptions(), silent)
    wanted = np.zeros((HEIGHT, WIDTH), dtype=bool)
    wanted[:3, 0], wanted[1:3, 1] = True, True
    assert (mask_of(tmp_path / "own", "a") == wanted).all()
    assert (report.images, report.unannotated) == (1, 1)


def test_a_voc_palette_is_exact_and_void_is_ground(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_image(tmp_path / f"JPEGImages/{name}.png")
    indices = np.zeros((HEIGHT, WIDTH), np.uint8)
    indices[2:8, 3:9], indices[10:20, 12:30], indices[0, :] = 1, 2, 255
    palette = Image.fromarray(indices).convert("P")
    palette.putpalette([value for index in range(256) for value in (index, 255 - index, 7)])
    palette.putdata(indices.ravel().tolist())
    (tmp_path / "SegmentationClass").mkdir()
    palette.save(tmp_path / "SegmentationClass/a.png")
    (tmp_path / "labelmap.txt").write_text("background\npatch:128,0,0::\nscratch\n")
    report = import_dataset("voc", tmp_path, tmp_path / "own", ImportOptions(), silent)
    assert (mask_of(tmp_path / "own", "a") == np.isin(indices, (1, 2))).all()
    assert (report.objects, report.classes, report.unannotated) == (2, {"scratch": 1}, 1)


def test_a_voc_mask_of_colours_is_read_by_its_label_map(tmp_path: Path) -> None:
    """As CVAT writes its "Segmentation mask": the ground need not come first."""
    save_image(tmp_path / "voc/JPEGImages/a.png")
    (tmp_path / "voc/labelmap.txt").write_text("# label:color_rgb:parts:actions\npatch:250,50,83::\nbackground:0,0,0::\nscratch:::\n")
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    pixels[2:9, 3:12], pixels[12:20, 20:30], pixels[9, 3:12] = (250, 50, 83), (0, 128, 0), (224, 224, 192)
    (tmp_path / "voc/SegmentationClass").mkdir()
    Image.fromarray(pixels).save(tmp_path / "voc/SegmentationClass/a.png")
    report = import_dataset("voc", tmp_path / "voc", tmp_path / "own", ImportOptions(), silent)
    assert (report.objects, report.classes) == (2, {"scratch": 1})
    assert (mask_of(tmp_path / "own", "a") == (pixels.max(axis=2) > 0) & (pixels[..., 2] != 192)).all()
    pixels[0, 0] = 1, 2, 3
    Image.fromarray(pixels).save(tmp_path / "voc/SegmentationClass/a.png")
    with pytest.raises(UserError, match=r"a\.png: has the colour 1,2,3, which is no class's in labelmap\.txt"):
        import_dataset("voc", tmp_path / "voc", tmp_path / "other", ImportOptions(), silent)
    (tmp_path / "voc/labelmap.txt").write_text("patch:250,50::\n")
    with pytest.raises(UserError, match=r"labelmap\.txt: expected name:R,G,B, got 'patch:250,50::'"):
        import_dataset("voc", tmp_path / "voc", tmp_path / "other", ImportOptions(), silent)
    (tmp_path / "voc/labelmap.txt").write_bytes("Öl:250,50,83::\n".encode("cp1252"))
    with pytest.raises(UserError, match=r"labelmap\.txt: expected a text file in UTF-8"):
        import_dataset("voc", tmp_path / "voc", tmp_path / "other", ImportOptions(), silent)


def test_a_yolo_polygon_is_drawn_as_opencv_draws_it(tmp_path: Path) -> None:
    for name in ("train/a", "val/b"):
        save_image(tmp_path / f"images/{name}.png")
        (tmp_path / f"labels/{name}.txt").parent.mkdir(parents=True)
    shares = " ".join(f"{x / WIDTH} {y / HEIGHT}" for x, y in POLYGON)
    (tmp_path / "labels/train/a.txt").write_text(f"1 {shares}\n")
    (tmp_path / "data.yaml").write_text("names: {0: patch, 1: scratch}\n")
    report = import_dataset("yolo", tmp_path, tmp_path / "own", ImportOptions(), silent)
    canvas = Image.new("1", (WIDTH, HEIGHT))
    ImageDraw.Draw(canvas).polygon([(int(x), int(y)) for x, y in POLYGON], fill=1, outline=1)
    found, drawn = mask_of(tmp_path / "own", "train/a"), np.array(canvas, dtype=bool)
    inner, outer = ndimage.binary_erosion(drawn, iterations=2), ndimage.binary_dilation(drawn)
    assert (inner <= found).all()  # all but pixels of the border
    assert (found <= outer).all()
    assert (report.classes, report.unannotated) == ({"scratch": 1}, 1)
    (tmp_path / "labels/val/b.txt").write_text("0 0.5 0.5 0.2 0.2\n")
    with pytest.raises(UserError, match="line 1: is a box"):
        import_dataset("yolo", tmp_path, tmp_path / "again", ImportOptions(), silent)


def test_yolo_folders_may_lie_in_each_part_of_the_split(tmp_path: Path) -> None:
    """As export services write it: train/images and train/labels instead of images/train and labels/train."""
    shares = " ".join(f"{x / WIDTH} {y / HEIGHT}" for x, y in POLYGON)
    for part in ("train", "valid"):
        save_image(tmp_path / f"set/{part}/images/a.png")
        (tmp_path / f"set/{part}/labels").mkdir()
        (tmp_path / f"set/{part}/labels/a.txt").write_text(f"0 {shares}\n")
    (tmp_path / "set/data.yaml").write_text("names: [scratch]\n")
    report = import_dataset("yolo", tmp_path / "set", tmp_path / "own", ImportOptions(), silent)
    assert (report.images, report.classes) == (2, {"scratch": 2})
    assert read_labels(tmp_path / "own/labels.csv").keys() == {"train/a", "valid/a"}


def test_mvtec_and_kolektor_keep_their_masks_and_count_what_is_good(tmp_path: Path) -> None:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[4:9, 3:30] = 255
    mvtec, kolektor = tmp_path / "mvtec", tmp_path / "kolektor"
    for name in ("train/good/000", "test/good/000", "test/scratch/000"):
        save_image(mvtec / f"{name}.png")
    (mvtec / "ground_truth/scratch").mkdir(parents=True)
    Image.fromarray(mask).save(mvtec / "ground_truth/scratch/000_mask.png")
    for name, truth in (("train/1", mask), ("test/2", mask * 0)):
        save_image(kolektor / f"{name}.png")
        Image.fromarray(truth).save(kolektor / f"{name}_GT.png")

    report = import_dataset("mvtec", mvtec, tmp_path / "one", ImportOptions(unannotated="clean"), silent)
    other = import_dataset("kolektor", kolektor, tmp_path / "two", ImportOptions(), silent)

    assert (mask_of(tmp_path / "one", "test/scratch/000") == (mask > 0)).all()
    assert report.classes == {"clean": 2, "scratch": 1}
    assert (mask_of(tmp_path / "two", "train/1") == (mask > 0)).all()
    assert (other.images, other.unannotated) == (1, 1)


def test_an_import_into_the_folder_that_one_stands_in_leaves_it_that_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = coco_file(tmp_path / "coco", [[1, 1, 9, 1, 9, 9]])
    (tmp_path / "own").mkdir()
    monkeypatch.chdir(tmp_path / "own")
    assert import_dataset("coco", source, Path(), ImportOptions(tmp_path / "coco/images"), silent).images == 1
    # By the process's own idea of where it is: a folder of the same name would be another one.
    assert sorted(path.name for path in Path().iterdir()) == ["images", "import.json", "labels.csv", "masks"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coco", "own"]


def test_a_labelme_file_whose_image_lies_elsewhere_says_which_option_names_the_place(tmp_path: Path) -> None:
    source = labelme_file(tmp_path / "json")
    for image in source.glob("*.png"):
        image.unlink()
    with pytest.raises(UserError, match="does not lie beside it; --images names the folder"):
        import_dataset("labelme", source, tmp_path / "out", ImportOptions(), silent)


def test_a_second_import_replaces_only_its_own(tmp_path: Path) -> None:
    source, out = coco_file(tmp_path, [[1, 1, 9, 1, 9, 9]]), tmp_path / "own"
    dry = import_dataset("coco", source, out, ImportOptions(dry_run=True), silent)
    assert (dry.images, out.exists()) == (1, False)
    import_dataset("coco", source, out, ImportOptions(), silent)
    first = mask_of(out, "coil 7")
    with pytest.raises(UserError, match="is not empty; give another folder, --add to add"):
        import_dataset("coco", source, out, ImportOptions(), silent)
    save_image(out / "images/mine.png")
    import_dataset("coco", coco_file(tmp_path, [[1, 1, 30, 1, 30, 20]]), out, ImportOptions(update=True), silent)
    assert mask_of(out, "coil 7").sum() > first.sum()
    assert (out / "images/mine.png").is_file()
    save_image(out / "images/empty.png")
    with pytest.raises(UserError, match="is not of an earlier import; nothing was replaced"):
        import_dataset("coco", source, out, ImportOptions(update=True, unannotated="clean"), silent)


def test_an_update_that_was_killed_is_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, out = coco_file(tmp_path, [[3, 3, 30, 4, 28, 20]]), tmp_path / "own"
    import_dataset("coco", source, out, ImportOptions(), silent)
    replace = Path.replace

    def killed(path: Path, target: Path) -> Path:
        if path.name == "labels.csv":
            raise KeyboardInterrupt
        return replace(path, target)

    with_clean = ImportOptions(update=True, unannotated="clean")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            import_dataset("coco", source, out, with_clean, silent)
    assert (out / "images/empty.png").is_file()  # a new one, of which the first import knows nothing
    assert import_dataset("coco", source, out, with_clean, silent).images == 2


def test_an_update_leaves_what_a_person_had_before_an_import_was_added(tmp_path: Path) -> None:
    """What was added to a person's dataset may be replaced; the person's image, which had a new mask, and the labels may not."""
    own, source = tmp_path / "own", coco_file(tmp_path, [[3, 3, 30, 4, 28, 20]])
    save_image(own / "images/coil 7.png")  # the same bytes as those of the import
    save_image(own / "masks/coil 7.png")
    (own / "labels.csv").write_text("name,group\nmine,coil3\n", encoding="utf-8")
    import_dataset("coco", source, own, ImportOptions(add=True, unannotated="clean"), silent)
    labels = read_labels(own / "labels.csv")
    assert labels.keys() == {"mine", "coil 7", "empty"}

    one_image = [{"id": 1, "file_name": "empty.png", "width": WIDTH, "height": HEIGHT}]
    other = coco_file(tmp_path, [[3, 3, 30, 4, 28, 20]], images=one_image)
    with pytest.raises(UserError, match=r"labels\.csv: is not of an earlier import; nothing was replaced; --add adds"):
        import_dataset("coco", other, own, ImportOptions(update=True), silent)
    assert read_labels(own / "labels.csv") == labels
    (own / "labels.csv").unlink()
    import_dataset("coco", other, own, ImportOptions(update=True), silent)
    for folder in ("images", "masks"):
        assert sorted(path.name for path in (own / folder).iterdir()) == ["coil 7.png", "empty.png"]


def test_labels_of_a_person_take_an_added_import(tmp_path: Path) -> None:
    """Names with the image's suffix, as a person writes them, are those of the import; a cell too many is no column."""
    own = tmp_path / "own"
    source = coco_file(tmp_path, [[3, 3, 30, 4, 28, 20]])
    import_dataset("coco", source, own, ImportOptions(), silent)
    (own / "labels.csv").write_text("name,group\ncoil 7.png,coil7,seen\n", encoding="utf-8")

    import_dataset("coco", source, own, ImportOptions(add=True), silent)

    assert read_labels(own / "labels.csv") == {"coil 7": ("scratch", "coil7")}

    (own / "labels.csv").write_bytes("name,group\ncoil 7,Bund ä\n".encode("latin-1"))
    with pytest.raises(UserError, match=r"labels\.csv: expected a CSV file in UTF-8"):
        import_dataset("coco", source, own, ImportOptions(add=True), silent)
