"""`tsernet convert`: a released checkpoint in, a model file out, or nothing at all."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from torch import Tensor
from typer.testing import CliRunner

from pipelines.cli import build_app
from tsernet.errors import UserError
from tsernet.models import outline_tsernet
from tsernet.models.official import dead_shapes, official_key
from tsernet.shipped import shipped_model
from tsernet.weights import load_model


def convert(*arguments: object) -> str:
    """Run the command; a user's mistake comes out as the exception that the process would turn into one line."""
    result = CliRunner().invoke(build_app(), ["convert", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def released() -> dict[str, Tensor]:
    """A checkpoint of the released names and shapes; its big kernels are views of one number, so that the file stays small."""
    model = outline_tsernet()
    shapes = {official_key(key): tuple(tensor.shape) for key, tensor in model.state_dict().items()} | dead_shapes(model)
    number = torch.tensor(0.25)
    weights = {key: torch.rand(shape) if len(shape) == 1 else number.expand(shape) for key, shape in shapes.items()}
    return weights | {key: torch.tensor(5) for key in shapes if key.endswith("num_batches_tracked")}


@pytest.mark.slow
def test_out_works_as_a_model(released: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(released, tmp_path / "TSERNet.pth")
    said = json.loads(convert(tmp_path / "TSERNet.pth", tmp_path / "out.safetensors", "--json"))
    assert said["parameters"] == 189_643_918
    assert len(said["dropped"]) == 84
    model, metadata = load_model(tmp_path / "out.safetensors")
    assert (metadata["variant"], metadata["width"]) == ("full", "1.0")
    assert (metadata["resize"], metadata["scaling"], metadata["stretch"]) == ("256", "own_max", "true")
    for key, tensor in model.state_dict().items():
        assert torch.equal(tensor, released[official_key(key)]), key


def refused(tmp_path: Path, message: str) -> None:
    with pytest.raises(UserError, match=message):
        convert(tmp_path / "TSERNet.pth", tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("conv5d_1.bias", None, "TSERNet.pth: .*missing: conv5d_1.bias"),
        ("head.weight", torch.zeros(2), "unexpected: head.weight"),
        ("inbn.weight", torch.zeros(2), r"misshapen: inbn.weight \(2,\) instead of \(64,\)"),
    ],
)
def test_anything_else_is_refused(released: dict[str, Tensor], tmp_path: Path, key: str, value: Tensor | None, message: str) -> None:
    given = {name: tensor for name, tensor in released.items() if name != key}
    torch.save(given if value is None else given | {key: value}, tmp_path / "TSERNet.pth")
    refused(tmp_path, message)


class Bomb:
    """Runs code when unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.write_text, (self.trace, "it ran")


@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_code_in_a_checkpoint_does_not_run(tmp_path: Path, form: str) -> None:
    bomb = {"inconv.weight": Bomb(tmp_path / "trace")}
    if form == "torch":
        torch.save(bomb, tmp_path / "TSERNet.pth")
    else:
        (tmp_path / "TSERNet.pth").write_bytes(pickle.dumps(bomb))
    refused(tmp_path, "refused, nothing in it was run")
    assert not (tmp_path / "trace").exists()


def test_other_mistakes_are_named(tmp_path: Path) -> None:
    refused(tmp_path, "TSERNet.pth: no such file")
    torch.save([1, 2], tmp_path / "TSERNet.pth")
    refused(tmp_path, "expected a state dict .* got a list")
    (tmp_path / "TSERNet.pth").write_bytes(b"PK\x03\x04 but no more")
    refused(tmp_path, "TSERNet.pth")
    with pytest.raises(UserError, match=r"ends in \.safetensors"):
        convert(tmp_path / "TSERNet.pth", tmp_path / "out.pth")


def test_a_file_of_this_package_is_named_as_one(tmp_path: Path) -> None:
    """Its layers have other names, so that all of them would be missing and unexpected."""
    exported = tmp_path / "model.onnx"
    exported.write_bytes(b"any")
    for own in (shipped_model(), exported):
        with pytest.raises(UserError, match=f"{own.name}: is a model of this package already, expected the authors' weights"):
            convert(own, tmp_path / "out.safetensors")
