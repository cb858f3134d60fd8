"""`tsernet export`: one file that stands for a model, in half the bytes where asked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.exporting import fidelity
from tsernet.errors import CheckError, UserError
from tsernet.models import build_tsernet
from tsernet.runtimes import quantize
from tsernet.weights import load_model, save_model

FROM_FEW = fidelity.Tolerances(s_measure=0.05, max_f_measure=0.05, decisions=0.0)
INPUT = {"resize": "64", "scaling": "unit", "stretch": "true"}


def export(*arguments: object) -> str:
    result = CliRunner().invoke(build_app(), ["export", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture
def model(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    save_model(tmp_path / "model.safetensors", build_tsernet(width=0.0625), INPUT)
    return tmp_path / "model.safetensors"


def test_the_whole_model_comes_out_as_it_went_in(model: Path, tmp_path: Path) -> None:
    facts = json.loads(export(model, tmp_path / "out.safetensors", "--json"))
    (first, before), (second, after) = load_model(model), load_model(tmp_path / "out.safetensors")
    assert all(torch.equal(one, other) for one, other in zip(first.state_dict().values(), second.state_dict().values(), strict=True))
    assert {key: after[key] for key in INPUT} == {key: before[key] for key in INPUT}
    assert facts["bytes"] == (tmp_path / "out.safetensors").stat().st_size


def test_half_takes_half_the_bytes_and_changes_no_pixel_of_a_map_by_more_than_one_grey_level(model: Path, tmp_path: Path) -> None:
    export(model, tmp_path / "half.safetensors", "--half")
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * model.stat().st_size
    image = torch.rand((1, 3, 64, 64))
    with torch.inference_mode():
        whole, half = (torch.sigmoid(load_model(path)[0](image).saliency) for path in (model, tmp_path / "half.safetensors"))
    assert not torch.equal(whole, half)
    assert (whole - half).abs().max() < 1 / 255


def test_a_kernel_too_large_for_float16_is_named_and_nothing_written(tmp_path: Path) -> None:
    network = build_tsernet(width=0.0625)
    torch.nn.init.constant_(network.bridge_side.weight, 1e5)
    save_model(tmp_path / "large.safetensors", network, INPUT)
    with pytest.raises(UserError, match=r"bridge_side\.weight does not fit into float16: its largest value is 100000"):
        export(tmp_path / "large.safetensors", tmp_path / "half.safetensors", "--half")
    assert not (tmp_path / "half.safetensors").exists()


def test_another_suffix_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"ends in \.safetensors"):
        export(model, tmp_path / "out.pth")


@pytest.fixture
def images(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    (tmp_path / "images").mkdir()
    for index in range(3):
        Image.fromarray(rng.integers(0, 256, (60 + index, 80), dtype=np.uint8)).save(tmp_path / "images" / f"{index}.png")
    return tmp_path / "images"


def test_an_onnx_file_is_written_and_predicts_what_the_model_does(model: Path, images: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.onnx"
    facts = json.loads(export(model, out, "--format", "onnx", "--images", images, "--licence", "CC-BY-4.0", "--json"))
    assert (facts["images"], facts["bytes"]) == (3, out.stat().st_size)
    assert 0 < facts["largest_difference"] <= facts["tolerance"] == 1 / 255
    assert b"CC-BY-4.0" in out.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "m.onnx", "model.safetensors"]
    for name, weights in (("ours", out), ("theirs", model)):
        done = CliRunner().invoke(build_app(), ["predict", str(images), "--out", str(tmp_path / name), "--model", str(weights)])
        assert done.exit_code == 0, done.output
    for path in (tmp_path / "ours").iterdir():
        ours, theirs = (np.asarray(Image.open(tmp_path / name / path.name), dtype=int) for name in ("ours", "theirs"))
        assert np.abs(ours - theirs).max() <= 1


def test_a_network_that_differs_from_pytorch_leaves_no_file(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The runtime computes something else than PyTorch does: ReLU with another slope, say.
    from tsernet.runtimes import onnx_layers

    relu = onnx_layers.Layers.relu
    monkeypatch.setattr(onnx_layers.Layers, "relu", lambda layers, given: layers.combine("Add", relu(layers, given), given))
    with pytest.raises(
        CheckError, match=r"not exported: on 3 images its maps differ from PyTorch's by up to 0\.\d+ \(.*png\), allowed is 0\.00392"
    ):
        export(model, tmp_path / "m.onnx", "--format", "onnx", "--images", images)
    assert list(tmp_path.glob("*.onnx")) == list(tmp_path.glob(".*")) == []


def test_what_cannot_be_exported_is_said_in_one_line(model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "m.onnx"
    for arguments, message in (
        (
            (out, "--format", "onnx"),
            r"no images in data/prepared/images of a split data/splits/val\.csv here; --images FOLDER names real ones",
        ),
        ((out, "--format", "onnx", "--images", images, "--protocol", "strip"), "this model does not know its scale"),
        ((out, "--format", "onnx", "--images", images, "--half"), "--half is of a safetensors file, but --format is 'onnx'"),
        ((out, "--format", "tflite"), "--format is 'tflite', expected one of: safetensors, onnx, openvino"),
        (
            (out, "--format", "onnx", "--precision", "int8"),
            "--precision int8 is for --format openvino: ONNX Runtime computes 8 bits more slowly",
        ),
        ((out, "--format", "onnx", "--precision", "f16"), "--precision is 'f16', expected one of: f32, int8"),
        ((out, "--format", "onnx", "--ranges", images), "--ranges is of --precision int8"),
        ((out, "--format", "onnx", "--flips", "up"), "--flips is 'up', expected one of: none, left_right, both"),
        ((tmp_path / "m.bin", "--format", "onnx"), r"m\.bin: expected a name that ends in \.onnx"),
        ((out,), r"ends in \.safetensors for the model file; --format onnx writes \.onnx"),
        (
            (tmp_path / "m.safetensors", "--images", images),
            "--precision, --protocol, --flips, --images, --ranges and --licence are of an exported network",
        ),
    ):
        with pytest.raises(UserError, match=message):
            export(model, *arguments)
    assert not out.exists()
    out.write_bytes(b"somebody's")
    with pytest.raises(UserError, match="exists already"):
        export(model, out, "--format", "onnx", "--images", images)


@pytest.mark.parametrize("arguments", [("again.onnx", "--format", "openvino"), ("again.safetensors",)])
def test_an_exported_network_is_not_exported_again(images: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Its first bytes were called a safetensors header that is too large."""
    (tmp_path / "model.onnx").write_bytes(bytes(range(256)) * 8)
    more = ("--images", images) if len(arguments) > 1 else ()
    with pytest.raises(UserError, match=r"model\.onnx: is an exported network, expected weights"):
        export(tmp_path / "model.onnx", tmp_path / arguments[0], *arguments[1:], *more)


def test_the_validation_split_is_taken_where_there_is_one(
    model: Path, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/prepared").mkdir(parents=True)
    images.rename(tmp_path / "data/prepared/images")
    (tmp_path / "data/splits").mkdir()
    (tmp_path / "data/splits/val.csv").write_text("name,class\n1,defect\n2,defect\n")
    assert json.loads(export(model, tmp_path / "m.onnx", "--format", "onnx", "--json"))["images"] == 2
    (tmp_path / "data/splits/levels.json").write_text("{}")  # as of images of more than 8 bits
    with pytest.raises(UserError, match=r"for images of 8 bits, and those of data/prepared/images have more; --images FOLDER names others"):
        export(model, tmp_path / "n.onnx", "--format", "onnx")


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Steel with a scratch, and its masks."""
    rng = np.random.default_rng(0)
    for folder in ("images", "masks"):
        (tmp_path / "set" / folder).mkdir(parents=True)
    for index in range(3):
        mask = np.zeros((64, 96), np.uint8)
        mask[20 + 5 * index : 26 + 5 * index, 10:80] = 255
        pixels = rng.normal(120, 8, mask.shape) + 60 * (mask > 0)
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(tmp_path / "set/images" / f"{index}.png")
        Image.fromarray(mask).save(tmp_path / "set/masks" / f"{index}.png")
    return tmp_path / "set"


EIGHT = ("--format", "openvino", "--precision", "int8", "--json", "--images")


def test_eight_bits_are_kept_if_they_find_what_pytorch_finds(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    # Three images of 64x96 are too few for what is asked of a hundred real ones.
    monkeypatch.setattr(fidelity, "Tolerances", lambda: FROM_FEW)
    out = tmp_path / "m.onnx"
    facts = json.loads(export("shipped", out, *EIGHT, pairs, "--ranges", pairs / "images"))
    assert facts["images"] == 3
    assert facts["decisions"] == 0
    assert all(abs(ours - theirs) < 0.05 for theirs, ours in (facts["s_measure"], facts["max_f_measure"]))
    assert (
        CliRunner().invoke(build_app(), ["predict", str(pairs / "images"), "--out", str(tmp_path / "maps"), "--model", str(out)]).exit_code
        == 0
    )


def test_eight_bits_that_lose_too_much_leave_no_file(pairs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(quantize, "WEIGHT_LEVELS", 1)
    with pytest.raises(
        CheckError,
        match=r"not exported: on 3 images S 0\.\d+ instead of 0\.\d+, .* beyond what is allowed \(S -0\.002, max F -0\.002, verdicts 1%\)",
    ):
        export("shipped", tmp_path / "m.onnx", *EIGHT, pairs, "--ranges", pairs / "images")
    assert list(tmp_path.glob("*.onnx")) == list(tmp_path.glob(".*")) == []


def test_images_without_defects_or_masks_cannot_be_held_against(pairs: Path, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    for mask in (pairs / "masks").iterdir():
        Image.fromarray(np.zeros((64, 96), np.uint8)).save(mask)
    with pytest.raises(UserError, match="none of the 3 images to compare on has a defect and ground around it; name others with --images"):
        export("shipped", tmp_path / "m.onnx", *EIGHT, pairs, "--ranges", pairs / "images")
    Image.fromarray(np.zeros((32, 96), np.uint8)).save(pairs / "masks/0.png")
    with pytest.raises(UserError, match=r"0\.png: is 96×32, expected the size of its image, 96×64"):
        export("shipped", tmp_path / "m.onnx", *EIGHT, pairs, "--ranges", pairs / "images")
    for mask in (pairs / "masks").iterdir():
        mask.unlink()
    with pytest.raises(UserError, match="no image in images/ has a mask of its name in masks/; --images names a folder with both"):
        export("shipped", tmp_path / "m.onnx", *EIGHT, pairs, "--ranges", pairs / "images")
