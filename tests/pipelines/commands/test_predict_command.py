"""`tsernet predict` right after installing: the shipped weights, unless there is a registry to ask."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.commands.predict import not_usable
from tsernet.errors import CheckError, UserError
from tsernet.shipped import shipped_model


def predict(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), ["predict", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One image in an empty folder, where no registry is."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 70), dtype=np.uint8)).save(tmp_path / "one.png")
    return tmp_path / "one.png"


def test_without_a_registry_the_shipped_weights_answer_and_that_is_said(image: Path) -> None:
    result = predict(image, "--out", "maps")
    assert result.exit_code == 0, result.output
    assert "the weights that come with the package" in result.stderr
    with Image.open("maps/one.png") as saliency:
        assert (saliency.mode, saliency.size) == ("L", (70, 50))


def test_asked_for_by_name_they_answer_without_a_word(image: Path) -> None:
    result = predict(image, "--out", "maps", "--model", "shipped")
    assert result.exit_code == 0, result.output
    assert "registry" not in result.stderr


def test_a_registry_without_a_champion_is_not_passed_over(image: Path) -> None:
    import mlflow

    mlflow.MlflowClient(f"sqlite:///{image.parent / 'mlflow.db'}").search_experiments()
    with pytest.raises(UserError, match=r"models:/tsernet@champion: no such model"):
        predict(image, "--out", "maps")
    assert not Path("maps").exists()


def test_a_server_that_was_named_is_asked(image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.model_resolver import default_model

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert default_model() == "models:/tsernet@champion"


def test_of_a_folder_the_named_images_alone_are_predicted(image: Path) -> None:
    for name in ("two", "three"):
        shutil.copyfile(image, image.with_stem(name))
    Path("names.csv").write_text("name,class\nthree,In\none,In\n", encoding="utf-8")
    assert predict(image.parent, "--names", "names.csv", "--out", "maps", "--model", "shipped").exit_code == 0
    assert sorted(path.name for path in Path("maps").iterdir()) == ["one.png", "three.png"]
    Path("names.csv").write_text("four\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"no image of the name four \(names\.csv\)"):
        predict(image.parent, "--names", "names.csv", "--out", "maps", "--model", "shipped")


def test_changed_or_missing_weights_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "shipped"
    shutil.copytree(shipped_model().parent, folder)
    weights = folder / shipped_model().name
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(UserError, match=r"sha256 [0-9a-f]{64}, expected [0-9a-f]{64}; install the package anew"):
        shipped_model("shipped", folder)
    weights.unlink()
    with pytest.raises(UserError, match="missing from this installation"):
        shipped_model("shipped", folder)


def test_a_method_that_learns_nothing_needs_no_model(image: Path) -> None:
    result = predict(image, "--out", "maps", "--method", "bc")
    assert result.exit_code == 0, result.output
    assert "shipped" not in result.stderr
    with Image.open("maps/one.png") as saliency:
        assert (saliency.mode, saliency.size) == ("L", (70, 50))
    with pytest.raises(UserError, match=r"--method bc has no model; leave out --pixel-scale"):
        predict(image, "--out", "maps", "--method", "bc", "--pixel-scale", 2)
    with pytest.raises(UserError, match=r"--method is .unet., expected one of: bc, 2lsg, smd, rcrr"):
        predict(image, "--out", "maps", "--method", "unet")


def test_another_protocol_is_refused_in_the_words_of_other_options(image: Path) -> None:
    with pytest.raises(UserError, match=r"--protocol is .foo., expected one of: strip, paper"):
        predict(image, "--out", "maps", "--model", "shipped", "--protocol", "foo")


def test_what_is_wrong_with_several_files_is_said_once() -> None:
    """A folder of 12-bit images gave the sentence about levels ten times."""
    dark = [f"{number}.tif: has more than 8 bits" for number in range(12)]
    assert str(not_usable(["a.png: has no bytes", *dark[:2]], 4)) == (
        "3 of 4 files could not be used: a.png: has no bytes; 0.tif, 1.tif: has more than 8 bits"
    )
    assert str(not_usable(dark, 12)).endswith("8.tif, 9.tif: has more than 8 bits; and 2 more")


def test_a_method_names_what_is_too_large_for_it_and_does_the_rest(image: Path) -> None:
    Image.fromarray(np.zeros((1001, 1000), dtype=np.uint8)).save("large.png")
    with pytest.raises(CheckError, match=r"1 of 2 files could not be used: .*large\.png"):
        predict(".", "--out", "maps", "--method", "smd")
    assert [path.name for path in Path("maps").iterdir()] == ["one.png"]


def test_where_no_file_could_be_used_no_map_is_claimed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`map maps` was said of a folder that was not even made."""
    monkeypatch.chdir(tmp_path)
    Path("large").mkdir()
    Image.fromarray(np.zeros((1001, 1000), dtype=np.uint8)).save("large/a.png")
    result = CliRunner().invoke(build_app(), ["predict", "large", "--out", "maps", "--method", "smd"])
    assert isinstance(result.exception, CheckError)
    assert result.stdout.splitlines() == ["0 maps in maps"]
