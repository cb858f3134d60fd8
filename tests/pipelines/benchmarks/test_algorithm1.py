"""`tsernet benchmark algorithm1` at a small size on the CPU: the training, its results, and the steps alone."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.benchmarks import algorithm1
from pipelines.cli import build_app
from tsernet.errors import UserError
from tsernet.inference import load_predictor

SMALL = (
    "dataset.source=synthetic",
    "dataset.synthetic={per_class: 5, size: 64, seed: 0, clean: 0, wide: 0}",
    "model.width=0.0625",
    "train.iterations=6",
    "train.batch_size=2",
    "train.log_every=2",
    "train.norm_batches=2",
    "train.augment={resize: 64, crop: 64, noise: {probability: 0.5, amount: 0.01}, flip: 0.5, rotate: true}",
    "train.hardware.accelerator=cpu",
    "train.hardware.threads=1",
    "evaluate.resize=64",
)


@pytest.fixture(autouse=True)
def _short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(algorithm1, "_CHUNK", 2)
    monkeypatch.setattr(algorithm1, "_FEW", 3)


def _call(*arguments: str) -> str:
    changes = [word for pair in SMALL for word in ("-S", pair)]
    return CliRunner().invoke(build_app(), ["benchmark", "algorithm1", *changes, *arguments], catch_exceptions=False).stdout


@pytest.mark.long
def test_it_trains_two_networks_side_by_side_and_keeps_what_is_worth_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed = _call("--out", str(out), "--beside", "0.05", "-S", "train.optimiser.lr=0.0001")
    assert "width 0.0625, 6 steps: s_measure" in printed
    kinds = ("history.csv", "maps.zip", "model.safetensors", "scores.json")
    assert sorted(path.name for path in out.iterdir()) == sorted([*kinds, *(f"beside-{kind}" for kind in kinds)])
    for prefix, width in (("", 0.0625), ("beside-", 0.05)):
        scores = json.loads((out / f"{prefix}scores.json").read_text())
        assert (scores["width"], scores["steps"], scores["images"]) == (width, 6, 6)
        assert 0 < scores["s_measure"] < 1
        with (out / f"{prefix}history.csv").open() as lines:
            assert [row["step"] for row in csv.DictReader(lines)] == ["2", "4", "6"]
        assert len(zipfile.ZipFile(out / f"{prefix}maps.zip").namelist()) == 6
        assert load_predictor(out / f"{prefix}model.safetensors").resize == 64
    with pytest.raises(UserError, match="exists already and is not an empty folder"):
        _call("--out", str(out))


def test_what_has_no_time_left_is_evaluated_as_it_is(tmp_path: Path) -> None:
    _call("--out", str(tmp_path / "out"), "--seconds", "1", "-S", "train.iterations=100000")
    assert json.loads((tmp_path / "out/scores.json").read_text())["steps"] < 1000


def test_steps_are_timed_in_turn_and_their_losses_held_against_each_other() -> None:
    tree = json.loads(_call("--steps-only", "6", "--json"))
    assert [row["name"] for row in tree["timings"]] == ["eager", "captured"]
    assert (tree["captured as a CUDA graph"], tree["steps compared"], tree["losses apart, all"]) == (False, 6, 0.0)


def test_a_change_that_is_none_is_one_line() -> None:
    for words, said in (
        (("-S", "train.iterations"), "expected KEY=VALUE"),
        (("-S", "trian.iterations=1"), "has no section 'trian'"),
        (("-S", "train.iteration=1"), "train.iteration: unknown key"),
        (("-S", "train.optimiser.ema=0.9", "--out", "x"), "train.optimiser.ema: not part of Algorithm 1"),
        ((), "--out: expected a folder"),
    ):
        with pytest.raises(UserError) as error:
            _call(*words)
        assert said in str(error.value)
        assert "\n" not in str(error.value)
