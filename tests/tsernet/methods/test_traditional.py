"""The methods that learn nothing: by the same rules, and on the real images against their authors' maps."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tsernet.methods.traditional import TRADITIONAL, TraditionalMaps, saliency_map
from tsernet.methods.traditional.clusters import k_means, split_in_two
from tsernet.methods.traditional.numbers import otsu_threshold
from tsernet.methods.traditional.smd_tree import index_tree
from tsernet.methods.traditional.superpixels import slic
from tsernet.metrics import score_folder
from tsernet.report.published import paper_rows

CORRELATION = {"bc": 0.92, "2lsg": 0.95, "smd": 0.98, "rcrr": 0.96}
"""What the median over the images must reach; docs/explanation/methods.md says what it was."""
every_method = pytest.mark.parametrize("name", TRADITIONAL)


@cache
def blob(height: int = 90, width: int = 120) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A bright ellipse on rough ground."""
    rows, columns = np.indices((height, width))
    inside = ((rows - 0.45 * height) / (0.18 * height)) ** 2 + ((columns - 0.55 * width) / (0.16 * width)) ** 2 < 1
    ground = np.random.default_rng(0).normal(100, 8, (height, width))
    return np.clip(ground + 70 * inside, 0, 255).astype(np.uint8), inside


@every_method
def test_a_bright_blob_stands_out_and_a_second_time_the_same(name: str) -> None:
    image, inside = blob()
    found = saliency_map(name, image)
    assert (found.shape, found.dtype) == (image.shape, np.float32)
    assert found.min() >= 0
    assert 0.5 < found.max() <= 1
    band = np.ones_like(inside)
    band[8:-8, 8:-8] = False
    assert found[inside].mean() > 0.6
    assert found[band].mean() < 0.3
    assert np.array_equal(found, saliency_map(name, image))


@every_method
def test_a_dark_blob_in_three_equal_channels_does_as_well(name: str) -> None:
    image, inside = blob()
    dark = saliency_map(name, np.repeat(255 - image[..., None], 3, axis=2))
    assert dark.shape == image.shape
    assert dark[inside].mean() > dark[~inside].mean() + 0.3


@every_method
@pytest.mark.parametrize("shape", [(1, 200), (200, 1), (7, 9), (64, 64)])
def test_nothing_stands_out_of_one_grey_or_of_less_than_two_bands(name: str, shape: tuple[int, int]) -> None:
    image = np.full(shape, 90, dtype=np.uint8) if min(shape) > 16 else np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    assert not saliency_map(name, image).any()


@every_method
@pytest.mark.parametrize("kind", ["least", "step", "dot", "narrow", "black"])
def test_hard_images_give_a_map_without_a_warning(name: str, kind: str) -> None:
    image = np.full((16, 16) if kind == "least" else (16, 130) if kind == "narrow" else (60, 70), 0 if kind == "black" else 40, np.uint8)
    image[image.shape[0] // 2 :, image.shape[1] // 2 :][: 1 if kind in ("dot", "black") else None, : 1 if kind != "step" else None] = 255
    found = saliency_map(name, image)
    assert found.shape == image.shape
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1


def test_what_is_no_method_or_no_image_is_said() -> None:
    with pytest.raises(ValueError, match="expected one of bc, 2lsg, smd, rcrr, got 'full'"):
        saliency_map("full", blob()[0])
    with pytest.raises(ValueError, match="got float64"):
        saliency_map("bc", blob()[0].astype(np.float64))


def test_superpixels_are_whole_and_about_as_many_as_asked_for() -> None:
    from scipy import ndimage

    image, inside = blob()
    parts = slic(image, 100)
    assert 60 < parts.count < 140
    assert parts.sizes.sum() == image.size
    assert all(ndimage.label(parts.labels == number)[1] == 1 for number in range(parts.count))
    shares = parts.means(inside)
    assert np.minimum(shares, 1 - shares).mean() < 0.02  # they end where the blob does


def test_a_strip_of_superpixels_touches_as_it_lies() -> None:
    parts = slic(np.repeat(np.array([[0, 80, 160, 240]], np.uint8), 30, axis=1).repeat(30, axis=0), 4)
    assert parts.count == 4
    assert np.array_equal(parts.adjacency(diagonal=True), np.eye(4, k=1) + np.eye(4, k=-1) > 0)
    assert list(parts.border()) == [0, 1, 2, 3]


def test_clusters_and_thresholds_of_what_is_plain() -> None:
    values = np.array([0.0, 0.1, 0.9, 1.0, 0.95])
    assert k_means(values, 2) == pytest.approx([0.05, 0.95])
    assert list(split_in_two(values * 255, np.ones(5))) == [False, False, True, True, True]
    assert 0.1 < otsu_threshold(values) < 0.9
    assert otsu_threshold(np.zeros(4)) == 0


def test_the_tree_merges_what_is_alike_and_what_is_small() -> None:
    """Two greys, three superpixels each, and a small one that belongs to the second."""
    greys = np.array([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.7])
    links = np.eye(7, k=1) + np.eye(7, k=-1) > 0
    levels = index_tree(links, np.abs(greys[:, None] - greys), np.array([400.0] * 6 + [50.0]))
    assert [len(set(level)) for level in levels] == [7, 2, 2, 1]
    assert list(levels[1]) in ([0, 0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0, 0])


def _correlations(name: str, shared: Path, part: slice, out: Path | None = None) -> list[float]:
    """Hold our maps of the test images, or a part of them, against the published ones; write them where `out` says."""
    found = []
    for path in sorted((shared / "data/published-maps" / TRADITIONAL[name]).iterdir())[part]:
        with Image.open(path) as published, Image.open(shared / "data/SD-saliency-900/Source Images" / f"{path.stem}.bmp") as image:
            ours, theirs = saliency_map(name, np.asarray(image.convert("L"))), np.asarray(published.convert("L"), dtype=np.float64)
        if out is not None:
            Image.fromarray(np.rint(ours * 255).astype(np.uint8)).save(out / path.name)
        varied = ours.std() > 0 and theirs.std() > 0
        found.append(float(np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]) if varied else float(ours.std() == theirs.std()))
    return found


@every_method
def test_real_images_come_out_as_the_authors_have_them(name: str, shared: Path) -> None:
    # Two of each class, for a look; the drill takes them all.
    assert np.median(_correlations(name, shared, slice(40, None, 60))) >= 0.9


@pytest.mark.drill
@every_method
def test_all_test_images_score_as_table_one_says(name: str, shared: Path, tmp_path: Path) -> None:
    begun = process_time()
    found = _correlations(name, shared, slice(None), tmp_path)
    seconds = (process_time() - begun) / len(found)
    scores = score_folder(tmp_path, shared / "data/SD-saliency-900/Ground truth", [path.stem for path in tmp_path.iterdir()]).measures()
    row = next(row for row in paper_rows("I") if row.name == TRADITIONAL[name])
    print(
        name, f"median correlation {np.median(found):.3f}, {seconds:.2f} s an image", {key: round(scores[key], 4) for key in row.measures}
    )
    assert len(found) == 360
    assert seconds < 1.5
    assert np.median(found) >= CORRELATION[name]
    for key in ("s_measure", "max_f_measure"):
        assert scores[key] == pytest.approx(row.measures[key], abs=0.02), key


def test_a_name_that_is_none_is_said_to_the_user() -> None:
    from tsernet.errors import UserError

    with pytest.raises(UserError, match=r"--method is .full., expected one of: bc, 2lsg, smd, rcrr; networks are given by --model"):
        TraditionalMaps("full")
