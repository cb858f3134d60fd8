"""A test set that has grown: old images stay, new ones are a group of their own, and both decide."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pipelines.registry import Registry
from pipelines.registry.comparison import MEASURES, PerImage
from pipelines.registry.groups import Groups, group, joined, judge_groups, without
from pipelines.registry.promotion import judge
from pipelines.tracking.server import experiment_id
from tsernet.config import Params, Register
from tsernet.data.listed import SAMPLES, Listed, write_listed
from tsernet.digests import sha256_of
from tsernet.metrics import score_pairs, write_per_image
from tsernet.models import build_tsernet
from tsernet.weights import save_model

OLD, NEW = [f"old{index:02d}" for index in range(30)], [f"new{index:02d}" for index in range(10)]


def scores(names: list[str], level: float, seed: int = 0) -> PerImage:
    noise = {name: np.random.default_rng((7, index)).normal(0, 0.03) for index, name in enumerate(sorted([*OLD, *NEW]))}
    own = np.random.default_rng(seed).normal(0, 0.002, len(names))
    column = np.array([level + noise[name] for name in names]) + own
    return PerImage({name: f"mask {name}" for name in names}, {key: 1 - column if key == "mae" else column for key in MEASURES})


@pytest.fixture
def settings(make_params: Callable[..., Params]) -> Register:
    """max F, margin 0, tolerance 0.005, confidence 0.95."""
    return make_params().register_


GROWN = Groups(frozenset(OLD), frozenset(NEW), frozenset(), 25)


def verdict_of(settings: Register, old: float, new: float) -> Any:
    champion = joined(scores(NEW, 0.7), scores(OLD, 0.7))
    return judge_groups(joined(scores(OLD, 0.7 + old, 1), scores(NEW, 0.7 + new, 2)), champion, GROWN, settings)


def test_better_on_new_images_and_no_worse_on_old_ones_is_promoted_and_the_record_says_what_changed(settings: Register) -> None:
    verdict = verdict_of(settings, 0.0, 0.1)
    assert verdict.promote
    assert "on 30 old test images max_f_measure" in verdict.reason
    assert "on 10 new test images max_f_measure" in verdict.reason
    assert "25 images more in training" in verdict.reason
    assert verdict.figures["new_images"]["gain"] == pytest.approx(0.1, abs=0.005)
    assert verdict.figures["old_images"]["count"] == 30


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (-0.02, 0.3, "better over all, but may be worse on the old test images: s_measure -0.02"),
        (0.1, -0.05, "better over all, but worse on the new test images: max_f_measure -0.05"),
        (0.0, 0.0, "not better than the champion"),
    ],
)
def test_what_got_worse_on_either_is_not_promoted(settings: Register, old: float, new: float, words: str) -> None:
    verdict = verdict_of(settings, old, new)
    assert not verdict.promote
    assert words in verdict.reason
    assert verdict.figures["added_to_training"] == {"count": 25}


def test_images_are_grouped_by_what_they_are_and_not_by_their_names() -> None:
    theirs = [Listed("a", "test", "1", "1"), Listed("b", "test", "2", "2"), Listed("c", "test", "3", "3"), Listed("t", "train", "4", "4")]
    ours = [
        Listed("a", "test", "1", "1"),
        Listed("b", "test", "2", "corrected"),
        Listed("c", "test", "other", "3"),
        Listed("d", "test", "5", "5"),
    ]
    ours += [Listed("t", "train", "4", "4"), Listed("u", "train", "6", "6")]
    assert group(ours, theirs) == Groups(frozenset({"a"}), frozenset({"b", "c", "d"}), frozenset({"c"}), 1)


def test_scores_are_joined_by_name() -> None:
    whole = joined(scores(NEW, 0.7), scores(OLD, 0.8))
    assert list(whole.masks) == sorted([*OLD, *NEW])
    assert whole.scores["s_measure"][0] == scores(NEW, 0.7).scores["s_measure"][0]
    assert without(whole, set(NEW)).masks.keys() == set(OLD)


@pytest.fixture
def make_version(repository: Path) -> Callable[..., Any]:
    """Make a version with what the decision reads, without the gate: weights, scores of its test images, the list of its samples."""
    rng = np.random.default_rng(0)
    for room in ("images", "masks"):
        (repository / "data/prepared" / room).mkdir(parents=True)
    for index in range(6):
        mask = np.zeros((48, 48), np.uint8)
        if index != 5:
            mask[8 : 20 + index, 10:30] = 255
        image = (rng.integers(60, 120, (48, 48)) + mask // 3).astype(np.uint8)
        Image.fromarray(image).save(repository / f"data/prepared/images/t{index}.png")
        Image.fromarray(mask).save(repository / f"data/prepared/masks/t{index}.png")

    def make(names: list[str], quality: float, seed: int = 0) -> Any:
        registry = Registry()
        registry.ensure()
        run = registry.client.create_run(experiment_id(registry.client, registry.uri, repository))
        folder = repository / f"version{len(registry.versions())}/artifacts"
        torch.manual_seed(seed)
        save_model(folder / "model.safetensors", build_tsernet("full", 0.0625), {"resize": "64", "scaling": "unit", "stretch": "true"})
        pairs = []
        for name in names:
            mask = np.array(Image.open(repository / f"data/prepared/masks/{name}.png"))
            drawn = (mask * quality).astype(np.uint8)
            drawn[0] = 255 if quality < 1 else drawn[0]  # a row of false alarms
            pairs.append((name, drawn, mask))
        found = score_pairs(pairs)
        write_per_image(found, folder / "per_image.csv", {})
        (folder / "metrics.json").write_text(json.dumps({"best_threshold": 10}))
        write_listed([Listed(name, "test", name, name) for name in names], folder / SAMPLES)
        tags = {"tsernet.weights_sha256": sha256_of(folder / "model.safetensors"), "tsernet.samples_sha256": "x", "tsernet.identity": "x"}
        made = registry.client.create_model_version("tsernet", folder.parent.as_uri(), run_id=run.info.run_id, tags=tags)
        return registry.get(str(made.version))

    return make


def test_the_champion_is_scored_on_the_images_that_came_since(
    repository: Path, make_version: Callable[..., Any], settings: Register
) -> None:
    champion = make_version(["t0", "t1", "t2"], 0.9)
    better = make_version(["t0", "t1", "t2", "t3", "t4", "t5"], 1.0)  # t5 is clean
    verdict = judge(Registry(), better, champion.number, settings)
    assert verdict.promote, verdict.reason
    assert (verdict.figures["old_images"]["count"], verdict.figures["new_images"]["count"]) == (3, 2)
    # The champion's weights are untrained: what it marks was computed here, from the images.
    assert verdict.figures["new_images"]["champion"] < 0.6 < verdict.figures["new_images"]["challenger"]

    lost = make_version(["t0", "t1", "t3"], 1.0)
    refused = judge(Registry(), lost, champion.number, settings)
    assert (refused.promote, refused.figures) == (False, {})
    assert "the test set is not the champion's: 1 of its images are not here (t2); split.keep: champion keeps them" in refused.reason

    same = make_version(["t0", "t1", "t2"], 1.0)
    assert judge(Registry(), same, champion.number, settings).promote
    with (repository / "version3/artifacts/per_image.csv").open(newline="") as lines:
        assert [row["name"] for row in csv.DictReader(lines)] == ["t0", "t1", "t2"]
