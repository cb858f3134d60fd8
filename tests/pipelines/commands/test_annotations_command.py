"""`tsernet annotations`: maps come back through `tsernet import` as what the threshold had marked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from scipy import ndimage
from typer.testing import CliRunner

from pipelines.cli import build_app
from tsernet.annotations import ImportOptions, import_dataset
from tsernet.errors import UserError

FORMATS = ("labelme", "coco", "cvat", "label-studio")


def call(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), [str(argument) for argument in arguments], catch_exceptions=False)


def save(path: Path, pixels: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


def drawn(height: int, width: int, *places: tuple[slice, slice], holes: tuple[tuple[slice, slice], ...] = ()) -> Any:
    pixels = np.zeros((height, width), np.uint8)
    for place in places:
        pixels[place] = 255
    for hole in holes:
        pixels[hole] = 0
    return pixels


def synthetic_maps() -> dict[str, Any]:
    """Make what is hard to outline: holes, holes side by side, walls and lines of one pixel, single pixels, corners that touch, borders."""
    grid = np.zeros((40, 60), np.uint8)
    grid[::2, ::2] = 255
    lattice = np.full((41, 61), 255, np.uint8)
    lattice[1::2, 1::2] = 0
    nested = drawn(50, 70, np.s_[2:48, 3:66], holes=(np.s_[4:46, 5:60],))
    nested[8:40, 9:50], nested[12:30, 20:40], nested[15:20, 25:30] = 255, 0, 255
    rng = np.random.default_rng(7)
    maps = {
        "coil 7/a b": drawn(
            30, 40, np.s_[3:20, 5:30], np.s_[5:9, 34:40], holes=(np.s_[6:10, 8:14], np.s_[7:12, 18:25], np.s_[13:17, 9:12])
        ),
        "coil 7/nested": nested,
        "hairlines": drawn(20, 30, np.s_[2, 1:29], np.s_[4:18, 3], np.s_[5, 20], np.s_[7:9, 20], np.s_[0, 0], np.s_[19, 29]),
        "diagonal": np.where(np.eye(25, 35, 3, dtype=bool), 200, 0),
        "corners": grid,
        "lattice": lattice,
        "full": np.full((17, 19), 255),
        "empty": np.zeros((17, 19)),
        "noise": rng.integers(0, 256, (60, 80)),
    }
    for seed, sigma in enumerate((1, 2, 4)):
        field = ndimage.gaussian_filter(rng.standard_normal((120, 160)), sigma)
        maps[f"blobs {seed}"] = 255 / (1 + np.exp(-6 * field / field.std()))
    return maps


def there_and_back(format_name: str, world: Path, *more: object) -> dict[str, Any]:
    """Export the maps of world/maps and import them again; give the masks."""
    result = call("annotations", world / "maps", "--format", format_name, "--images", world / "images", "--out", world / format_name, *more)
    assert result.exit_code == 0, result.output
    single = {"coco": "annotations.json", "cvat": "annotations.xml", "label-studio": "tasks.json"}.get(format_name, "")
    if format_name == "label-studio":  # as its export has them, once a person has submitted what was predicted
        tasks = json.loads((world / format_name / single).read_text(encoding="utf-8"))
        done = [task | {"id": number, "annotations": task["predictions"]} for number, task in enumerate(tasks)]
        (world / format_name / single).write_text(json.dumps(done), encoding="utf-8")
    options = ImportOptions(images=world / "images", unannotated="clean")
    import_dataset(format_name, world / format_name / single, world / f"back-{format_name}", options, lambda done, total: None)
    masks = world / f"back-{format_name}/masks"
    return {path.relative_to(masks).with_suffix("").as_posix(): np.array(Image.open(path)) > 0 for path in masks.rglob("*.png")}


def overlap(one: Any, other: Any) -> float:
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 1.0


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for name, pixels in synthetic_maps().items():
        save(tmp_path / f"maps/{name}.png", pixels)
        save(tmp_path / f"images/{name}.bmp", np.full(pixels.shape, 90))
    return tmp_path


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_comes_back_is_what_the_threshold_marked(world: Path, format_name: str) -> None:
    found = there_and_back(format_name, world, "--threshold", 150)
    maps = synthetic_maps()
    assert found.keys() == maps.keys()
    overlaps = {name: overlap(found[name], pixels.astype(np.uint8) >= 150) for name, pixels in maps.items()}
    assert min(overlaps.values()) >= 0.98, overlaps


@pytest.mark.parametrize("format_name", FORMATS)
def test_without_a_tolerance_every_pixel_comes_back(world: Path, format_name: str) -> None:
    found = there_and_back(format_name, world, "--tolerance", 0)
    wrong = {name: int((found[name] != (pixels.astype(np.uint8) >= 128)).sum()) for name, pixels in synthetic_maps().items()}
    assert set(wrong.values()) == {0}, wrong


@pytest.mark.parametrize("format_name", FORMATS)
def test_fifty_real_maps_come_back(shared: Path, tmp_path: Path, format_name: str) -> None:
    maps = sorted((shared / "data/published-maps/TSERNet").glob("*.png"))[::7][:50]
    assert len(maps) == 50
    for path in maps:
        for place, source in (("maps", path), ("images", shared / f"data/SD-saliency-900/Source Images/{path.stem}.bmp")):
            (tmp_path / place).mkdir(exist_ok=True)
            shutil.copyfile(source, tmp_path / place / source.name)
    found = there_and_back(format_name, tmp_path)
    wanted = {path.stem: np.array(Image.open(path).convert("L")) >= 128 for path in maps}
    overlaps = {name: overlap(found[name], marked) for name, marked in wanted.items()}
    assert min(overlaps.values()) >= 0.98, overlaps
    # Fewer points than a person would set: about one for five pixels of border.
    border = sum(int((marked & ~ndimage.binary_erosion(marked)).sum()) for marked in wanted.values())
    if format_name == "coco":
        tree = json.loads((tmp_path / "coco/annotations.json").read_text())
        assert sum(len(one["segmentation"][0]) // 2 for one in tree["annotations"]) < border / 3


def test_labelme_finds_the_images_and_each_is_one_shape_with_its_hole(world: Path) -> None:
    call("annotations", world / "maps", "--format", "labelme", "--images", world / "images", "--out", world / "own", "--label", "scratch")
    tree = json.loads((world / "own/coil 7/a b.json").read_text())
    assert (world / "own/coil 7" / tree["imagePath"]).resolve() == (world / "images/coil 7/a b.bmp").resolve()
    assert [shape["label"] for shape in tree["shapes"]] == ["scratch", "scratch"]  # three holes of the one are no objects


@pytest.mark.parametrize("format_name", FORMATS)
def test_existing_annotations_are_replaced_only_when_told(world: Path, format_name: str) -> None:
    words = ("annotations", world / "maps", "--format", format_name, "--out", world / "own")
    assert call(*words).exit_code == 0
    before = {path: path.read_bytes() for path in (world / "own").rglob("*") if path.is_file()}
    with pytest.raises(UserError, match="exists"):
        call(*words, "--threshold", 200)
    assert {path: path.read_bytes() for path in (world / "own").rglob("*") if path.is_file()} == before
    assert call(*words, "--threshold", 200, "--overwrite").exit_code == 0
    assert {path: path.read_bytes() for path in (world / "own").rglob("*") if path.is_file()} != before


def test_mistakes_are_one_line_and_nothing_is_written(world: Path) -> None:
    def refused(match: str, *more: object) -> None:
        before = sorted(world.rglob("*"))
        with pytest.raises(UserError, match=match):
            call("annotations", world / "maps", "--format", "coco", "--out", world / "own", *more)
        assert sorted(world.rglob("*")) == before

    (world / "images/full.bmp").rename(world / "images/fully.bmp")
    refused("no image of the name full .nearest: fully", "--images", world / "images")
    (world / "images/fully.bmp").rename(world / "images/full.bmp")
    save(world / "images/noise.bmp", np.zeros((9, 9)))
    refused("is 80×60, its image", "--images", world / "images")
    Image.new("RGB", (9, 9), (255, 0, 0)).save(world / "maps/full.png")
    refused("expected a map as predict writes it, 8-bit grey")
    (world / "maps/full.png").write_bytes(b"no image")
    refused("is not PNG")
