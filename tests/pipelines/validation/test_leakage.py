"""No test image, nor one that looks like it, in what trains or chooses: the official split, its validation shares and its folds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_world import World
from numpy.typing import NDArray
from PIL import Image, ImageOps

from pipelines.validation.near_duplicates import find_near_duplicates
from tsernet.config import Params, Split, load_params
from tsernet.data.classes import class_and_number
from tsernet.data.prepare.hashing import perceptual_hash, pixel_digest
from tsernet.data.prepare.manifest import Row
from tsernet.data.splits import make_splits

PRESETS = sorted((Path(__file__).parents[3] / "presets").glob("*.yaml"))
_OF_THE_PUBLISHED = [path for path in PRESETS if load_params(path).dataset.source == "sd-saliency-900"]


@pytest.fixture(scope="module")
def images(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published images under the names that `prepare` gives them."""
    folder = tmp_path_factory.mktemp("images")
    for path in (shared / "data/SD-saliency-900/Source Images").iterdir():
        (folder / f"{path.stem}.png").symlink_to(path)
    return folder


@pytest.fixture(scope="module")
def rows(images: Path, shared: Path) -> list[Row]:
    found = []
    for path in sorted(images.iterdir()):
        pixels, mask = (np.asarray(Image.open(one)) for one in (path, shared / f"data/SD-saliency-900/Ground truth/{path.stem}.png"))
        known = class_and_number(path.stem)
        assert known
        row = Row(path.stem, known[0], path.stem, True, "", "", "", pixel_digest(pixels), coverage=float((mask > 127).mean()))
        found.append(Row(**{**vars(row), "perceptual_hash": perceptual_hash(pixels)}))
    return found


def _splits(params: Params) -> list[Split]:
    """The preset's own split, and all others by which its recipe could be chosen: a share of the 540, and each of its folds."""
    own = params.split
    return [own, own.model_copy(update={"validation": 0.2}), *(own.model_copy(update={"fold": fold}) for fold in range(1, own.folds + 1))]


@pytest.mark.parametrize("preset", _OF_THE_PUBLISHED, ids=lambda path: path.stem)
def test_what_trains_and_what_chooses_are_of_the_540_alone(rows: list[Row], preset: Path) -> None:
    test = {row.name for row in rows if (int(row.name.split("_")[1]) - 1) % 100 >= 60}
    assert len(test) == 360
    folds: list[str] = []
    for split in _splits(load_params(preset)):
        parts = make_splits(rows, split, "sd-saliency-900")
        assert set(parts["test"]) == test
        assert not test & {*parts["train"], *parts["val"]}
        assert len({*parts["train"], *parts["val"]}) == len(parts["train"]) + len(parts["val"]) == 540
        if split.fold != "none":
            assert len(parts["val"]) == 108
            folds += parts["val"]
    assert len(set(folds)) == len(folds) == 540


def test_nothing_of_the_540_looks_like_a_test_image(rows: list[Row], images: Path) -> None:
    test = [row.name for row in rows if (int(row.name.split("_")[1]) - 1) % 100 >= 60]
    rest = [row.name for row in rows if row.name not in set(test)]
    digests = {row.name: row.image_digest for row in rows}
    assert not {digests[name] for name in test} & {digests[name] for name in rest}
    # Twice the distance at which the graph compares pixels.
    assert find_near_duplicates(rows, {"train": rest, "test": test}, images, 12) == {}
    # And every pair by its pixels, whatever the hashes say: 0.967 is the most, of two scratches that run alike.
    small = {name: _reduced(images / f"{name}.png") for name in digests}
    trained = np.stack([small[name].ravel() for name in rest])
    turns = [np.rot90(plane, turn).ravel() for name in test for plane in (small[name], small[name].T) for turn in range(4)]
    likeness = np.stack(turns) @ trained.T / trained.shape[1]
    assert 0.9 < float(likeness.max()) < 0.975


def _reduced(path: Path) -> NDArray[np.float64]:
    grey = np.asarray(Image.open(path).resize((48, 48), Image.Resampling.BOX), dtype=np.float64)
    standard: NDArray[np.float64] = (grey - grey.mean()) / grey.std()
    return standard


def _darker(image: Image.Image) -> Image.Image:
    return ImageOps.mirror(image).point([value * 3 // 5 for value in range(256)])


def _brighter(image: Image.Image) -> Image.Image:
    return image.transpose(Image.Transpose.ROTATE_270).point([100 + value // 2 for value in range(256)])


@pytest.mark.parametrize(("part", "spoil"), [("train", _darker), ("val", _brighter)])
def test_a_copy_of_a_test_image_among_what_trains_or_chooses_stops_the_graph(
    world: World, part: str, spoil: Callable[[Image.Image], Image.Image]
) -> None:
    spoil(Image.open(world.image("Pa_4"))).save(world.image("Pa_1"))
    world.relist = _moving("Pa_1", part)
    found = [(one.expectation.severity, one.expectation.name, one.failing) for one in world.run() if not one.success]
    assert [one for one in found if one[0] == "error"] == [("error", "near-duplicate", ("Pa_1", "Pa_4"))]


def test_a_copy_of_a_training_image_in_validation_is_a_warning(world: World) -> None:
    _darker(Image.open(world.image("Pa_2"))).save(world.image("Pa_1"))
    world.relist = _moving("Pa_1", "val")
    found = {one.expectation.name: (one.expectation.severity, one.failing) for one in world.run() if not one.success}
    assert found["near-duplicate-chosen-by"] == ("warning", ("Pa_1", "Pa_2"))
    assert "near-duplicate" not in found


def _moving(name: str, to: str) -> Callable[[dict[str, list[str]]], None]:
    def relist(parts: dict[str, list[str]]) -> None:
        for names in parts.values():
            if name in names:
                names.remove(name)
        parts[to].append(name)

    return relist
