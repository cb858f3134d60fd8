"""No command writes over an input, or over a file that is not its own."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.outputs import save_png
from tsernet.data.atomic import write_whole
from tsernet.errors import UserError
from tsernet.models import build_tsernet
from tsernet.weights import save_model

ROOT = Path(__file__).parents[3]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), [str(argument) for argument in arguments], catch_exceptions=False)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two images in images/ and a model file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    for seed, name in enumerate("ab"):
        pixels = np.random.default_rng(seed).integers(0, 256, (40, 50), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"images/{name}.png")
    torch.manual_seed(0)
    save_model(tmp_path / "model.safetensors", build_tsernet(width=0.0625), {"resize": "32", "scaling": "unit", "stretch": "true"})
    return tmp_path


def predict(images: object, out: object, *more: str) -> Result:
    return call("predict", images, "--out", out, "--model", "model.safetensors", *more)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("out", ["images", "./images/../images", "link"])
def test_maps_are_never_written_over_the_images(world: Path, out: str) -> None:
    (world / "link").symlink_to("images")
    before = contents(world / "images")
    for more in ((), ("--overwrite",)):
        with pytest.raises(UserError, match="holds the images"):
            predict("images", out, *more)
    assert contents(world / "images") == before


@pytest.mark.parametrize("make", [os.link, os.symlink])
def test_a_link_to_an_image_is_not_written_over(world: Path, make: object) -> None:
    (world / "maps").mkdir()
    make(world / "images/b.png", world / "maps/a.png")  # type: ignore[operator]  # os.link or os.symlink
    before = contents(world / "images")
    with pytest.raises(UserError, match=r"maps/a\.png: is the image images/b\.png"):
        predict("images", "maps", "--overwrite")
    with pytest.raises(UserError, match="is the image"):
        predict("images/b.png", "maps/a.png")
    assert contents(world / "images") == before


def test_maps_of_the_same_images_are_replaced_and_nothing_else(world: Path) -> None:
    assert predict("images", "maps").exit_code == 0
    first = contents(world / "maps")
    (world / "maps/a.png").unlink()  # as after an interruption
    assert predict("images", "maps").exit_code == 0
    assert contents(world / "maps") == first
    Image.fromarray(np.zeros((40, 50), np.uint8)).save(world / "images/a.png")  # another image of the same name
    with pytest.raises(UserError, match=r"maps/a\.png: exists and is not a map made from the same image"):
        predict("images", "maps")
    assert contents(world / "maps") == first
    assert predict("images", "maps", "--overwrite").exit_code == 0
    assert contents(world / "maps") != first
    (world / "maps/b.png").write_text("notes", encoding="utf-8")
    with pytest.raises(UserError, match=r"b\.png: exists"):
        predict("images", "maps")
    assert (world / "maps/b.png").read_text(encoding="utf-8") == "notes"


def test_the_map_of_one_image_may_be_named(world: Path) -> None:
    result = predict("images/a.png", "new/b.png")
    assert result.exit_code == 0, result.output
    assert "map new/b.png" in result.output
    assert [path.name for path in (world / "new").iterdir()] == ["b.png"]
    with pytest.raises(UserError, match=r"c\.png: expected a folder for the maps of the 2 images"):
        predict("images", "c.png")
    with pytest.raises(UserError, match=r"maps are PNG files"):
        predict("images/a.png", "c.jpg")
    (world / "file").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="file: is a file, expected a folder"):
        predict("images", "file")
    assert not (world / "c.png").exists()


def test_files_are_replaced_only_when_asked(world: Path) -> None:
    model = (world / "model.safetensors").read_bytes()
    with pytest.raises(UserError, match="is an input of this command"):
        call("export", "model.safetensors", "model.safetensors", "--overwrite")
    with pytest.raises(UserError, match="is an input of this command"):
        call("convert", "model.safetensors", "model.safetensors", "--overwrite")
    assert call("export", "model.safetensors", "copy.safetensors").exit_code == 0
    for command in ("export", "convert"):
        with pytest.raises(UserError, match=r"copy\.safetensors: exists already"):
            call(command, "model.safetensors", "copy.safetensors")
    assert call("export", "model.safetensors", "copy.safetensors", "--overwrite").exit_code == 0
    assert (world / "model.safetensors").read_bytes() == model


def test_scores_are_not_written_over_what_is_scored(world: Path) -> None:
    (world / "masks").mkdir()
    for name in "ab":
        mask = np.zeros((40, 50), np.uint8)
        mask[5:20, 5:20] = 255
        Image.fromarray(mask).save(world / f"masks/{name}.png")
    mask_bytes = contents(world / "masks")
    with pytest.raises(UserError, match="is an input"):
        call("score", "images", "masks", "--per-image", "masks/a.png", "--overwrite")
    (world / "mine.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=r"mine\.csv: exists already"):
        call("score", "images", "masks", "--pr-curve", "mine.csv")
    assert contents(world / "masks") == mask_bytes
    assert (world / "mine.csv").read_text(encoding="utf-8") == "mine"


def test_a_params_file_that_was_edited_is_kept(world: Path) -> None:
    (world / "presets").mkdir()
    for name in ("demo", "cpu"):
        shutil.copy(ROOT / f"presets/{name}.yaml", world / "presets")
    params = world / "params.yaml"
    for name in ("demo", "cpu"):  # there is none, then a preset as it was
        assert call("preset", name).exit_code == 0
    mine = params.read_text(encoding="utf-8").replace("seeds: [0]", "seeds: [7]")
    params.write_text(mine, encoding="utf-8")
    with pytest.raises(UserError, match=r"params\.yaml: holds changes that are not committed; commit them, or --overwrite"):
        call("preset", "demo")
    assert params.read_text(encoding="utf-8") == mine
    for words in (("init", "-q"), ("add", "params.yaml"), ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "mine")):
        subprocess.run(["git", *words], check=True)
    assert call("preset", "demo").exit_code == 0  # git has them
    params.write_text(mine + "\n", encoding="utf-8")
    assert call("preset", "demo", "--overwrite").exit_code == 0


def test_the_table_of_costs_replaces_no_file_unless_told(world: Path) -> None:
    with pytest.raises(UserError, match=r"a\.png: exists already"):
        call("complexity", "--out", "images/a.png")


def test_a_name_that_meets_no_image_is_said_with_the_nearest(world: Path) -> None:
    (world / "images/a.png").rename(world / "images/007.png")
    (world / "images/b.png").rename(world / "images/017.png")
    (world / "names.txt").write_text("7\n17.png\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"7 \(nearest: 007\), 17\.png \(nearest: 017\)"):
        predict("images", "maps", "--names", "names.txt")


@pytest.mark.parametrize(
    "write", [lambda target: save_png(Image.new("L", (64, 64)), target), lambda target: write_whole(target, "name\n" * 99)]
)
def test_a_full_disk_is_one_line_and_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]
) -> None:
    target = tmp_path / "a.png"
    target.write_bytes(b"earlier")

    def fill(path: Path, *_: object, **__: object) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fill)
    monkeypatch.setattr(Path, "write_text", fill)
    with pytest.raises(UserError, match=r"a\.png: cannot be written, no space left"):
        write(target)
    assert contents(tmp_path) == {"a.png": b"earlier"}
