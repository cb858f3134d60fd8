"""Folders of maps: formats, sizes, missing and extra ones, and the number of processes."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tsernet.errors import CheckError, UserError
from tsernet.metrics import read_names, score_folder
from tsernet.metrics.store import ImageCurves

MADE_UP = Path(__file__).parent / "made_up"
MAPS, MASKS = MADE_UP / "maps", MADE_UP / "masks"


@pytest.fixture
def maps(tmp_path):
    return Path(shutil.copytree(MAPS, tmp_path / "maps"))


def test_processes_and_threads_change_no_figure(tmp_path, monkeypatch):
    monkeypatch.setattr("tsernet.metrics.folder._CHUNK", 1)
    alone = score_folder(MAPS, MASKS, workers=1)
    forked = score_folder(MAPS, MASKS, workers=2)
    wait = threading.Event()
    other = threading.Thread(target=wait.wait)
    other.start()
    try:
        threaded = score_folder(MAPS, MASKS, workers=2)
    finally:
        wait.set()
        other.join()
    assert alone.per_image == forked.per_image == threaded.per_image
    assert alone.measures() == forked.measures() == threaded.measures()


def test_progress_counts_up_to_all(monkeypatch):
    monkeypatch.setattr("tsernet.metrics.folder._CHUNK", 2)
    seen = []
    score_folder(MAPS, MASKS, workers=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(2, 6), (4, 6), (6, 6)]


@pytest.mark.parametrize(("mode", "suffix"), [("L", ".png"), ("RGB", ".png"), ("L", ".bmp"), ("RGB", ".bmp"), ("RGBA", ".png")])
def test_lossless_formats_score_the_same(maps, mode, suffix):
    for path in list(maps.iterdir()):
        image = Image.open(path).convert(mode)
        path.unlink()
        image.save(path.with_suffix(suffix))
    assert score_folder(maps, MASKS).measures() == score_folder(MAPS, MASKS).measures()


def test_jpeg_scores_nearly_the_same(maps):
    for path in list(maps.iterdir()):
        Image.open(path).save(path.with_suffix(".jpg"), quality=95)
        path.unlink()
    assert score_folder(maps, MASKS).measures() == pytest.approx(score_folder(MAPS, MASKS).measures(), abs=0.02)


def test_a_map_of_another_size_is_resized_and_named(maps):
    path = maps / "made_2.png"
    Image.open(path).resize((96, 80), Image.Resampling.NEAREST).save(path)
    scores = score_folder(maps, MASKS)
    assert scores.resized == ("made_2",)
    assert scores.s_measure == pytest.approx(score_folder(MAPS, MASKS).s_measure, abs=0.01)


def test_missing_and_extra_maps_are_named(maps):
    (maps / "made_3.png").rename(maps / "other.png")
    with pytest.raises(CheckError, match=r"1 of the masks have no map \(made_3\), 1 of the maps have no mask \(other\)"):
        score_folder(maps, MASKS)
    scores = score_folder(maps, MASKS, allow_missing=True)
    assert (scores.count, scores.missing, scores.extra) == (5, ("made_3",), ("other",))


def test_names_restrict_maps_and_masks(maps):
    scores = score_folder(maps, MASKS, ["made_1", "made_0"])
    assert [row.name for row in scores.per_image] == ["made_0", "made_1"]
    with pytest.raises(UserError, match="none for nobody"):
        score_folder(maps, MASKS, ["made_1", "nobody"])


def test_users_mistakes_are_one_line_that_names_the_file(maps, tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        score_folder(tmp_path / "nowhere", MASKS)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="got none"):
        score_folder(tmp_path / "empty", MASKS)
    (maps / "made_0.png").write_bytes(b"not an image")
    with pytest.raises(UserError, match=r"made_0\.png"):
        score_folder(maps, MASKS, workers=2)
    Image.fromarray(np.zeros((40, 48), np.uint16)).save(maps / "made_0.png")
    with pytest.raises(UserError, match=r"made_0\.png: has more than 8 bits"):
        score_folder(maps, MASKS)
    shutil.copy(MAPS / "made_1.png", maps / "made_0.bmp")
    with pytest.raises(UserError, match=r"one image a name, got made_0\.bmp and made_0\.png"):
        score_folder(maps, MASKS)


def test_names_are_read_from_lines_and_from_splits(tmp_path):
    lines, split, empty = tmp_path / "names.txt", tmp_path / "test.csv", tmp_path / "none.txt"
    lines.write_text("a\n\nb\n")
    split.write_text("class,name\nscratch,a\npatch,b\n")
    empty.write_text("name\n")
    assert read_names(lines) == read_names(split) == ["a", "b"]
    with pytest.raises(UserError, match="got none"):
        read_names(empty)
    with pytest.raises(UserError, match="cannot be read"):
        read_names(tmp_path / "nowhere.txt")


def test_curves_survive_the_disk(tmp_path):
    curves = ImageCurves.of(score_folder(MAPS, MASKS))
    curves.write(tmp_path / "curves.npz")
    back = ImageCurves.read(tmp_path / "curves.npz")
    assert back.names == curves.names
    for key in ("f_curves", "e_curves", "histograms"):
        np.testing.assert_array_equal(getattr(back, key), getattr(curves, key))
    (tmp_path / "curves.npz").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"curves\.npz"):
        ImageCurves.read(tmp_path / "curves.npz")
