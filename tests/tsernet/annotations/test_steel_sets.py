"""NEU-Seg's class numbers and GC10-DET's boxes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tsernet.annotations import ImportOptions, import_dataset
from tsernet.errors import UserError

WIDTH, HEIGHT = 30, 20


def silent(done: int, total: int) -> None:
    """Show nothing."""


def save(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def neu_seg(folder: Path) -> Any:
    classes = np.zeros((HEIGHT, WIDTH))
    classes[2:8, 3:9], classes[10:20, 12:30] = 1, 3
    for name, mask in (("training/000001", classes), ("test/000001", classes * 0)):
        save(folder / f"images/{name}.jpg", np.full((HEIGHT, WIDTH), 90))
        save(folder / f"annotations/{name}.png", mask)
    return classes


def test_neu_seg_is_exact_and_its_numbers_are_classes(tmp_path: Path) -> None:
    classes = neu_seg(tmp_path)
    report = import_dataset("neu-seg", tmp_path, tmp_path / "own", ImportOptions(), silent)
    assert (np.array(Image.open(tmp_path / "own/masks/training/000001.png")) > 0).tolist() == (classes > 0).tolist()
    assert (report.objects, report.classes, report.unannotated) == (2, {"scratches": 1}, 1)
    (tmp_path / "annotations/test/000001.png").unlink()
    with pytest.raises(UserError, match=r"images/test/000001.jpg: has no mask in"):
        import_dataset("neu-seg", tmp_path, tmp_path / "two", ImportOptions(), silent)


def gc10(folder: Path, *boxes: tuple[str, tuple[int, int, int, int]]) -> None:
    for number, name in enumerate(("1/img_01", "2/img_02", "2/img_03")):
        save(folder / f"{name}.jpg", np.full((HEIGHT, WIDTH), 90 + number))
    objects = ""
    for name, box in boxes:
        corners = "".join(f"<{side}>{value}</{side}>" for side, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
        objects += f"<object><name>{name}</name><bndbox>{corners}</bndbox></object>"
    (folder / "lable").mkdir(exist_ok=True)
    size = f"<size><width>{WIDTH}</width><height>{HEIGHT}</height><depth>1</depth></size>"
    (folder / "lable/img_01.xml").write_text(f"<annotation><filename>img_01.jpg</filename>{size}{objects}</annotation>")
    (folder / "lable/img_02.xml").write_text(f"<annotation>{size}</annotation>")


def test_gc10s_boxes_are_filled(tmp_path: Path) -> None:
    gc10(tmp_path, ("1_chongkong", (1, 1, 10, 5)), ("2_hanfeng", (21, 16, 40, 20)))
    shutil.copyfile(tmp_path / "1/img_01.jpg", tmp_path / "2/img_01.jpg")  # one image in the folders of its two classes
    report = import_dataset("gc10", tmp_path, tmp_path / "own", ImportOptions(), silent)
    wanted = np.zeros((HEIGHT, WIDTH), bool)
    wanted[:5, :10], wanted[15:, 20:] = True, True
    assert ((np.array(Image.open(tmp_path / "own/masks/1/img_01.png")) > 0) == wanted).all()
    assert (report.images, report.objects, report.unannotated) == (1, 2, 2)


def test_malformed_gc10_is_one_line(tmp_path: Path) -> None:
    def refused(match: str) -> None:
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(UserError, match=match) as caught:
            import_dataset("gc10", tmp_path, tmp_path / "own", ImportOptions(), silent)
        assert "\n" not in str(caught.value)
        assert sorted(tmp_path.rglob("*")) == before

    refused("expected GC10-DET")
    gc10(tmp_path, ("1_chongkong", (31, 1, 35, 5)))
    refused("the box 31, 1, 35, 5 has no pixel in the image of 30×20")
    gc10(tmp_path, ("1_chongkong", (9, 1, 3, 5)))
    refused("the box 9, 1, 3, 5")
    gc10(tmp_path, ("1_chongkong", (1, 1, 9, 5)))
    text = (tmp_path / "lable/img_01.xml").read_text()
    for changed, match in (
        (text[:-9], "ParseError"),
        (text.replace("<xmin>1<", "<xmin>left<"), "ValueError"),
        (text.replace(">30<", ">40<"), "says 40×20"),
    ):
        (tmp_path / "lable/img_01.xml").write_text(changed)
        refused(match)
    (tmp_path / "lable/img_01.xml").write_text(text)
    save(tmp_path / "2/img_01.jpg", np.zeros((HEIGHT, WIDTH)))
    refused("is the file of 2 images that differ")
    shutil.rmtree(tmp_path / "1")
    (tmp_path / "2/img_01.jpg").unlink()
    refused("img_01.xml has no image")
