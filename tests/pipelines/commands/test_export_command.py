"""`tsernet export`: one file that stands for a model, in half the bytes where asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from pipelines.cli import build_app
from tsernet.errors import UserError
from tsernet.models import build_tsernet
from tsernet.weights import load_model, save_model

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
