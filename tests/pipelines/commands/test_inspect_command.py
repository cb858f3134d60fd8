"""`tsernet inspect`: tables, overlays, frames of one strip, and a call that was killed."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.commands.inspect import DEFECTS_FOUND
from pipelines.inspection_folder import inspection_folder
from tsernet.errors import CheckError, UserError
from tsernet.inspection import Kept, first_gap, inspect_rows
from tsernet.tiles import ArrayRows, RowSource
from tsernet.tiles.predictor import Band


def inspect(*arguments: object, model: str = "shipped") -> Result:
    return CliRunner().invoke(build_app(), ["inspect", *map(str, arguments), "--model", model], catch_exceptions=False)


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Three frames of even steel with one bright scratch from the first into the last, and a fourth with nothing."""
    rng = np.random.default_rng(0)
    strip = rng.normal(110, 3, (800, 240))
    strip[120:500, 100:106] += 110
    (tmp_path / "frames").mkdir()
    for index in range(4):
        frame = strip[200 * index : 200 * index + 200].clip(0, 255).astype(np.uint8)
        Image.fromarray(frame).save(tmp_path / "frames" / f"frame{index + 8}.png")
    return tmp_path / "frames"


def test_a_scratch_over_three_frames_is_one_defect_with_its_full_length(frames: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = inspect(frames, "--out", out, "--continuous", "--pixel-mm", 0.1)
    assert result.exit_code == DEFECTS_FOUND, result.output
    (defect,) = csv.DictReader((out / "defects.csv").read_text().splitlines())
    # frame10 comes after frame9, whatever their letters say.
    assert (defect["image"], defect["last_frame"], defect["frames"]) == ("frame8", "frame10", "3")
    # The network marks a little beyond the scratch's ends; how exact the measure is of what is marked, tests/tsernet/defects shows.
    assert float(defect["length"]) == pytest.approx(380, rel=0.1)
    assert float(defect["length_mm"]) == pytest.approx(float(defect["length"]) / 10, abs=0.01)
    assert abs(float(defect["angle"])) == pytest.approx(90, abs=2)
    verdicts = [row["verdict"] for row in csv.DictReader((out / "images.csv").read_text().splitlines())]
    assert verdicts == ["defective", "defective", "defective", "clean"]
    assert pq.read_table(out / "defects.parquet").to_pylist()[0]["frames"] == 3
    assert json.loads((out / "defects.json").read_text())["images"][0]["found"][0]["id"] == 1
    assert {path.name for path in (out / "overlays").iterdir()} == {f"frame{index}.png" for index in range(8, 12)}
    assert "1 defect in 3 of 4 images" in result.output


def test_a_frame_that_is_missing_is_told(frames: Path, tmp_path: Path) -> None:
    """The frames around it were joined without a word."""
    (frames / "frame10.png").rename(frames / "frame12.png")
    result = inspect(frames, "--out", tmp_path / "out", "--continuous", "--no-overlays")
    assert "warning: frame11 comes next to frame9: if a frame is missing" in result.stderr


@pytest.mark.parametrize(
    ("names", "gap"),
    [
        (["a/f8", "a/f9", "a/f10"], None),
        (["f8.5x", "f9.5x"], None),
        (["f001", "f002", "f004", "f006", "f007"], ("f002", "f004")),
        (["1015", "1018", "1020", "1021"], None),  # times of day
        (["f8", "f10"], None),  # of two nobody knows how they are counted
        (["one"], None),
        ([], None),
    ],
)
def test_a_number_that_is_left_out_is_found_where_frames_are_counted(names: list[str], gap: tuple[str, str] | None) -> None:
    assert first_gap(names) == gap


def test_each_frame_alone_has_its_own_part_and_clean_images_end_with_0(frames: Path, tmp_path: Path) -> None:
    assert inspect(frames, "--out", tmp_path / "all", "--maps").exit_code == DEFECTS_FOUND
    assert len(list(csv.DictReader((tmp_path / "all/defects.csv").read_text().splitlines()))) == 3
    with Image.open(tmp_path / "all/maps/frame8.png") as saliency:
        assert saliency.size == (240, 200)
    result = inspect(frames / "frame11.png", "--out", tmp_path / "one", "--no-overlays")
    assert result.exit_code == 0
    assert not (tmp_path / "one/overlays").exists()
    # The same call again replaces its own tables and nothing else.
    assert inspect(frames / "frame11.png", "--out", tmp_path / "one", "--no-overlays").exit_code == 0


def test_what_an_earlier_call_has_drawn_of_other_images_does_not_stay(frames: Path, tmp_path: Path) -> None:
    """Nor maps and overlays that this call was told not to draw; what a person has put there stays."""
    out = tmp_path / "out"
    (frames / "coil").mkdir()
    (frames / "frame8.png").rename(frames / "coil/frame8.png")
    inspect(frames, "--out", out, "--maps")
    Image.new("L", (9, 9)).save(out / "overlays/note.png")
    result = inspect(frames / "frame10.png", "--out", out, "--maps")
    assert f"removed, as drawn by an earlier call: 6 overlays and maps that are not of these images, such as {out}" in result.stderr
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.png")) == [
        "maps/frame10.png",
        "overlays/frame10.png",
        "overlays/note.png",
    ]
    assert not (out / "maps/coil").exists()
    inspect(frames / "frame10.png", "--out", out, "--no-overlays")
    assert [path.name for path in out.rglob("*.png")] == ["note.png"]
    assert "removed" not in inspect(frames / "frame10.png", "--out", out, "--no-overlays").stderr


def test_what_is_too_small_to_be_a_defect_is_not_outlined(frames: Path, tmp_path: Path) -> None:
    """The overlay of a clean image is the image."""
    frame = frames / "frame9.png"
    for least, verdict in ((1, DEFECTS_FOUND), (30_000, 0)):
        assert inspect(frame, "--out", tmp_path / "out", "--min-area", least).exit_code == verdict
        with Image.open(tmp_path / "out/overlays/frame9.png") as overlay, Image.open(frame) as image:
            assert np.array_equal(np.asarray(overlay), np.asarray(image.convert("RGB"))) == (verdict == 0)


def test_what_another_call_is_drawing_meanwhile_stays(tmp_path: Path) -> None:
    images, out = tmp_path / "images", tmp_path / "out"
    with inspection_folder(out, images) as one:
        one.save(Image.new("L", (9, 9)), "overlays", "a", "key")
        one.place("0" * 32).mkdir()
        with inspection_folder(out, images) as other:
            other.save(Image.new("L", (9, 9)), "maps", "b", "key")
            other.place("1" * 32).mkdir()
            assert str(other.clear_earlier()).startswith(f"warning: another inspection is at work in {out}; it also holds 1 overlays")
        assert (out / "overlays/a.png").is_file()
        assert sorted(path.name for path in (out / ".inspect").iterdir()) == ["0" * 32, "1" * 32, "lock"]
        assert str(one.clear_earlier()).startswith("removed, as drawn by an earlier call: 1 overlays and maps")
        assert (one.clear_earlier(), (out / "maps").exists()) == (None, False)
        assert sorted(path.name for path in (out / ".inspect").iterdir()) == ["0" * 32, "lock"]


def test_what_is_kept_is_of_the_last_call_alone(frames: Path, tmp_path: Path) -> None:
    """Else a folder that is used day after day fills the disk with what no table names."""
    out = tmp_path / "out"
    for threshold, images, kept in ((0.5, frames, 4), (0.4, frames, 4), (0.4, frames / "frame9.png", 1)):
        inspect(images, "--out", out, "--threshold", threshold, "--no-overlays")
        assert len([path for path in (out / ".inspect").iterdir() if path.is_dir()]) == kept


def test_a_model_that_is_not_there_leaves_no_folder(frames: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such file"):
        inspect(frames, "--out", tmp_path / "out", model="none.safetensors")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--pixel-scale", "0"], "--pixel-scale 0"),
        (["--pixel-scale", "1000"], "--pixel-scale 1000"),
        (["--pixel-mm", "-0.2"], "--pixel-mm -0.2"),
        (["--pixel-mm", "nan"], "--pixel-mm nan"),
        (["--levels", "5"], "--levels '5'"),
        (["--runtime", "tpu"], "--runtime"),
    ],
)
def test_a_slip_is_named_by_its_key(frames: Path, tmp_path: Path, options: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words):
        inspect(frames, "--out", tmp_path / "out", *options)


@pytest.mark.parametrize("command", ["inspect", "predict"])
def test_levels_that_make_all_steel_white_or_dark_are_said(tmp_path: Path, command: str) -> None:
    Image.fromarray(np.random.default_rng(0).normal(2000, 100, (64, 64)).astype(np.uint16)).save(tmp_path / "a.png")
    for levels, warning in (
        ("0,255", "100.0% of the samples lie outside"),
        ("0,65535", "100.0% of the samples lie below 16384"),
        ("0,4095", ""),
    ):
        words = [command, tmp_path / "a.png", "--out", tmp_path / levels, "--model", "shipped", "--levels", levels]
        result = CliRunner().invoke(build_app(), [str(word) for word in words], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert warning in result.stderr
        assert ("warning" in result.stderr) == bool(warning)


@pytest.mark.parametrize("continuous", [False, True])
def test_one_overexposed_image_of_many_is_said(tmp_path: Path, continuous: bool) -> None:
    """White everywhere it is clean; of all samples that is a two-hundredth, which is borne."""
    (tmp_path / "frames").mkdir()
    for name, level, height in (("a", 2000, 796), ("b", 9000, 4)):
        Image.fromarray(np.full((height, 64), level, dtype=np.uint16)).save(tmp_path / f"frames/{name}.png")
    options = ["--levels", "0,4095", "--no-overlays", *(["--continuous"] if continuous else [])]
    result = inspect(tmp_path / "frames", "--out", tmp_path / "out", *options)
    assert "warning: 1 of 2 images lie mostly outside the levels, such as" in result.stderr
    assert "frames/b.png; a verdict" in result.stderr
    assert "of the samples" not in result.stderr


def test_folders_that_are_not_its_own_are_left_alone(frames: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds the images"):
        inspect(frames, "--out", frames)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/defects.csv").write_text("mine")
    with pytest.raises(UserError, match="no inspection's folder"):
        inspect(frames, "--out", tmp_path / "mine")
    assert (tmp_path / "mine/defects.csv").read_text() == "mine"


def test_a_bad_file_of_a_folder_is_a_check_however_many_there_are(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames/a.png").write_bytes(b"")
    with pytest.raises(CheckError, match=r"1 of 1 files could not be used: .*a\.png: has no bytes"):
        inspect(tmp_path / "frames", "--out", tmp_path / "out")
    with pytest.raises(UserError, match=r"a\.png: has no bytes"):
        inspect(tmp_path / "frames/a.png", "--out", tmp_path / "out")


def test_frames_of_two_widths_are_no_strip(frames: Path, tmp_path: Path) -> None:
    Image.fromarray(np.zeros((50, 99), dtype=np.uint8)).save(frames / "frame12.png")
    with pytest.raises(UserError, match="--continuous"):
        inspect(frames, "--out", tmp_path / "out", "--continuous")


class _Maker:
    """Gives the image's own brightness, in bands of ten rows, and is killed before a chosen one."""

    def __init__(self, killed_at: int | None = None) -> None:
        self.made: list[int] = []
        self._killed_at = killed_at

    def count(self, source: RowSource) -> int:
        return source.height // 10

    def bands(self, source: RowSource, first: int = 0) -> Iterator[Band]:
        for index in range(first, self.count(source)):
            if index == self._killed_at:
                raise KeyboardInterrupt
            self.made.append(index)
            yield Band(10 * index, source.rows(10 * index, 10 * index + 10).astype(np.float32) / 255)


def test_a_second_call_does_only_the_rest(tmp_path: Path) -> None:
    source = ArrayRows(np.random.default_rng(0).integers(0, 256, (60, 30), dtype=np.uint8))
    kept, seen = Kept(tmp_path / "kept"), []
    with pytest.raises(KeyboardInterrupt):
        inspect_rows(source, _Maker(killed_at=4), 0.7, kept, lambda done, _: seen.append(done))
    rest, whole = _Maker(), _Maker()
    runs = inspect_rows(source, rest, 0.7, kept, lambda done, _: seen.append(done))
    expected = inspect_rows(source, whole, 0.7, Kept(tmp_path / "fresh"), lambda done, _: None)
    assert (rest.made, whole.made) == ([4, 5], [0, 1, 2, 3, 4, 5])
    assert all(np.array_equal(getattr(runs, key), getattr(expected, key)) for key in ("row", "begin", "end", "total", "peak"))
    again, told = _Maker(), []
    inspect_rows(source, again, 0.7, kept, lambda *counts: told.append(counts))
    assert (again.made, told) == ([], [(6, 6)])


def test_two_calls_at_once_on_one_image_both_end_well(tmp_path: Path) -> None:
    source = ArrayRows(np.random.default_rng(0).integers(0, 256, (60, 30), dtype=np.uint8))
    kept, others = Kept(tmp_path / "kept"), []

    def overtake(done: int, count: int) -> None:
        if done == count and not others:
            others.append(inspect_rows(source, _Maker(), 0.7, kept, lambda *_: None))

    runs = inspect_rows(source, _Maker(), 0.7, kept, overtake)
    assert all(np.array_equal(getattr(runs, key), getattr(others[0], key)) for key in ("row", "begin", "end", "total", "peak"))
