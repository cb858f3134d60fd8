"""CVAT for images 1.1: shapes as its exports draw them, masks exactly; what is malformed leaves nothing behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tsernet.annotations import ImportOptions, import_dataset
from tsernet.errors import UserError

WIDTH, HEIGHT = 60, 40
HEAD = "<?xml version='1.0' encoding='utf-8'?>\n<annotations><version>1.1</version><meta><task><labels>{labels}</labels></task></meta>"


def silent(done: int, total: int) -> None:
    """Show nothing."""


def cvat_file(folder: Path, *shapes: str, image: str = "coil 7.png", size: tuple[int, int] = (WIDTH, HEIGHT)) -> Path:
    """Write an XML file of two images, the second without a shape."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    for name in ("coil 7.png", "empty.png"):
        Image.fromarray(np.full((HEIGHT, WIDTH), 90, np.uint8)).save(folder / "images" / name)
    labels = "".join(f"<label><name>{name}</name><color>#fff</color></label>" for name in ("scratch", "patch"))
    images = f'<image id="0" name="{image}" width="{size[0]}" height="{size[1]}">{"".join(shapes)}</image>'
    empty = f'<image id="1" name="empty.png" width="{WIDTH}" height="{HEIGHT}"></image>'
    (folder / "annotations.xml").write_text(f"{HEAD.format(labels=labels)}{images}{empty}</annotations>", encoding="utf-8")
    return folder / "annotations.xml"


def drawn(folder: Path, *shapes: str, **options: Any) -> Any:
    import_dataset("cvat", cvat_file(folder, *shapes), folder / "own", ImportOptions(**options), silent)
    return np.array(Image.open(folder / "own/masks/coil 7.png")) > 0


def supersampled(draw: Any) -> Any:
    """Draw on a grid sixteen times as fine and take the majority."""
    canvas = Image.new("1", (WIDTH * 16, HEIGHT * 16))
    draw(ImageDraw.Draw(canvas))
    return np.array(canvas, dtype=float).reshape(HEIGHT, 16, WIDTH, 16).mean(axis=(1, 3)) >= 0.5


def iou(one: Any, other: Any) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_whole_numbers_are_edges(tmp_path: Path) -> None:
    found = drawn(
        tmp_path,
        '<polygon label="scratch" points="2,3;12,3;12,4;2,4" z_order="0"/>',
        '<box label="patch" xtl="20" ytl="10" xbr="30" ybr="15" z_order="0"/>',
        '<polygon label="patch" points="50,30;70,30;70,50;50,50" z_order="0"/>',  # leaves the image
    )
    wanted = np.zeros((HEIGHT, WIDTH), bool)
    wanted[3, 2:12], wanted[10:15, 20:30], wanted[30:, 50:] = True, True, True
    assert (found == wanted).all()


def test_a_mask_is_rows_of_its_own_box(tmp_path: Path) -> None:
    found = drawn(tmp_path, '<mask label="patch" rle="1, 3, 2, 2, 1, 3" left="48" top="36" width="4" height="3" z_order="0"/>')
    wanted = np.zeros((HEIGHT, WIDTH), bool)
    wanted[36:39, 48:52] = np.array([[0, 1, 1, 1], [0, 0, 1, 1], [0, 1, 1, 1]])
    assert (found == wanted).all()


def test_turned_boxes_and_ellipses(tmp_path: Path) -> None:
    found = drawn(
        tmp_path,
        '<box label="patch" xtl="5" ytl="10" xbr="25" ybr="16" rotation="90" z_order="0"/>',
        '<ellipse label="patch" cx="40" cy="20" rx="15" ry="8" rotation="0" z_order="0"/>',
    )
    box, ellipse = np.zeros((HEIGHT, WIDTH), bool), supersampled(lambda pen: pen.ellipse([25 * 16, 12 * 16, 55 * 16, 28 * 16], fill=1))
    box[3:23, 12:18] = True
    assert iou(found[:, :24], box[:, :24]) == 1
    assert iou(found[:, 24:], ellipse[:, 24:]) >= 0.98


def test_lines_have_the_width_that_is_asked_for(tmp_path: Path) -> None:
    line, dots = (
        '<polyline label="scratch" points="2,3.5;12,3.5;12,20" z_order="0"/>',
        '<points label="scratch" points="40.5,10.5;50.5,30.5"/>',
    )
    with pytest.raises(UserError, match=r"image coil 7\.png: holds polyline, which have no width of their own; --line-width N"):
        drawn(tmp_path, line)
    found = drawn(tmp_path / "one", line, dots, line_width=1)
    assert found[3, 2:12].all()
    assert found[10, 40]
    assert found[30, 50]
    thick = drawn(tmp_path / "five", line, dots, line_width=5)
    wanted = supersampled(lambda pen: pen.line([(2 * 16, 56), (12 * 16, 56), (12 * 16, 20 * 16)], fill=1, width=80))
    assert (thick[:, 3:9] == wanted[:, 3:9]).all()
    assert thick[8:18, :20].sum(axis=1).tolist() == [5] * 10  # along the edge of two columns, yet not six
    assert thick[:, 35:].sum() in range(36, 50)  # two discs of five pixels


def test_images_without_a_shape_are_counted_and_labels_are_classes(tmp_path: Path) -> None:
    shapes = ('<tag label="patch"/>', '<box label="scratch" xtl="2" ytl="2" xbr="9" ybr="9"><attribute name="deep">yes</attribute></box>')
    report = import_dataset("cvat", cvat_file(tmp_path, *shapes), tmp_path / "own", ImportOptions(), silent)
    assert (report.images, report.unannotated, report.objects, report.classes) == (1, 1, 1, {"scratch": 1})


BOMB = (
    "<!DOCTYPE a [<!ENTITY a0 'ha'>"
    + "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    + "]><annotations>&a11;</annotations>"
)


@pytest.mark.parametrize(
    ("shape", "named"),
    [
        ('<mask label="patch" rle="1, 3, 2" left="48" top="36" width="4" height="3"/>', "does not cover 4×3 pixels"),
        ('<mask label="patch" rle="0, 99999999999999" left="48" top="36" width="4" height="3"/>', "does not cover 4×3 pixels"),
        ('<mask label="patch" rle="12" left="58" top="36" width="4" height="3"/>', "box leaves the image of 60×40"),
        ('<mask label="patch" rle="a" left="48" top="36" width="4" height="3"/>', "no list of whole numbers"),
        ('<mask label="patch" rle="12" left="48" top="36" width="4"/>', "has no height"),
        ('<polygon label="patch" points="2,3;12,3"/>', "polygons of three points or more"),
        ('<polygon label="patch" points="2,3;12,3;1e12,9"/>', "lies far outside the image"),
        ('<polygon label="patch" points="2,3;12,nan;1,9"/>', "expected numbers as coordinates"),
        ('<polygon label="patch" points="2,3;12;1,9"/>', "expected points as `x,y;x,y`, got '12'"),
        ('<polygon label="dent" points="2,3;12,3;1,9"/>', "the label 'dent', which is not one of the task's"),
        ('<polygon points="2,3;12,3;1,9"/>', "KeyError 'label'"),
        ('<cuboid label="patch" xtl1="2"/>', "holds a cuboid; expected polygon"),
    ],
)
def test_malformed_shapes_are_one_line_and_nothing_is_written(tmp_path: Path, shape: str, named: str) -> None:
    source = cvat_file(tmp_path, shape)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=named) as caught:
        import_dataset("cvat", source, tmp_path / "own", ImportOptions(), silent)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_shape_that_never_ends_is_not_read_to_the_end(tmp_path: Path) -> None:
    source = cvat_file(tmp_path)
    source.write_text("<annotations><image id='0' name='a' width='9' height='9'><polygon points='" + "1,2;" * 2_500_000)
    with pytest.raises(UserError, match="one of its entries has more than 8388608 bytes"):
        import_dataset("cvat", source, tmp_path / "own", ImportOptions(), silent)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda text: text[:-30], "expected a file of `CVAT for images 1.1`: ParseError"),
        (lambda text: text.replace('name="coil 7.png"', 'name="../coil 7.png"'), "leaves the folder"),
        (lambda text: text.replace('name="coil 7.png"', 'name="coil 8.png"'), "'coil 8.png' is not in"),
        (lambda text: text.replace('width="60"', 'width="61"'), "is 60×40, the file says 61×40"),
        (lambda text: text.replace('width="60"', 'width="wide"'), "ValueError"),
        (lambda text: text.replace("annotations>", "annotation>"), "begins with <annotation>"),
        (lambda text: text.replace("<image ", "<track/><image "), "tracks of `CVAT for video`"),
        (lambda text: "<annotations></annotations>", "lists no image"),
        (lambda text: BOMB, "ParseError"),
        (lambda text: "", "ParseError"),
    ],
)
def test_malformed_files_are_one_line_and_nothing_is_written(tmp_path: Path, change: Any, named: str) -> None:
    source = cvat_file(tmp_path, '<box label="patch" xtl="2" ytl="2" xbr="9" ybr="9"/>')
    source.write_text(change(source.read_text(encoding="utf-8")), encoding="utf-8")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(UserError, match=named) as caught:
        import_dataset("cvat", source, tmp_path / "own", ImportOptions(), silent)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
