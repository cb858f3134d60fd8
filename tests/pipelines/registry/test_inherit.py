"""The stage `inherit`: whose weights a training starts from is pinned, and said where it cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from clones import change

from pipelines.registry import Registry
from pipelines.stages import inherit
from pipelines.stages.train import _fingerprint
from pipelines.tracking.server import experiment_id
from tsernet.config import load_params
from tsernet.data.inherited import START, find_kept, find_start
from tsernet.data.listed import SAMPLES, Listed, write_listed
from tsernet.digests import sha256_of
from tsernet.errors import CheckError, UserError
from tsernet.models import build_tsernet
from tsernet.training.network import initial_network
from tsernet.weights import load_model, save_model

WIDTH = 0.0625
Champions = Callable[[int], Path]


@pytest.fixture
def champions(repository: Path) -> Champions:
    """Make a version of fresh weights and call it champion; its files alone, without what the gate asks for."""
    change(repository, "model", "width", WIDTH)
    change(repository, "model", "start_from", "champion")
    change(repository, None, "variants", ["full"])

    def make(seed: int) -> Path:
        registry = Registry()
        registry.ensure()
        run = registry.client.create_run(experiment_id(registry.client, registry.uri, repository))
        torch.manual_seed(seed)
        path = repository / f"version{seed}" / "artifacts" / "model.safetensors"
        save_model(path, build_tsernet("full", WIDTH), {"resize": "64", "scaling": "unit", "stretch": "true"})
        tags = {"tsernet.weights_sha256": sha256_of(path)}
        made = registry.client.create_model_version("tsernet", path.parents[1].as_uri(), run_id=run.info.run_id, tags=tags)
        registry.set_alias("champion", str(made.version))
        return path

    return make


def test_the_champion_of_the_moment_is_pinned_and_stays_it(champions: Champions) -> None:
    first = champions(1)
    inherit.main([])
    pinned = find_start("champion")
    assert pinned is not None
    assert (pinned.model, pinned.weights_sha256) == ("models:/tsernet/1", sha256_of(first))
    config = load_params().model
    ours, theirs = initial_network("full", 7, config, pinned).state_dict(), load_model(first)[0].state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    digests = {"train": "a", "val": "b"}
    before = _fingerprint("full", 0, load_params(), digests)

    second = champions(2)  # which a training that goes on does not see
    assert find_start("champion") == pinned
    assert _fingerprint("full", 0, load_params(), digests) == before

    record = (START / "record.json").read_bytes()
    Registry().set_alias("champion", "1")
    inherit.main([])  # the same champion gives the same bytes: nothing is trained again
    assert (START / "record.json").read_bytes() == record

    Registry().set_alias("champion", "2")
    inherit.main([])
    assert json.loads((START / "record.json").read_text()) == {"model": "models:/tsernet/2", "weights_sha256": sha256_of(second)}
    assert _fingerprint("full", 0, load_params(), digests) != before


def test_without_a_champion_or_with_another_network_it_is_one_line(repository: Path, champions: Champions) -> None:
    with pytest.raises(UserError, match=r"models:/tsernet has no champion yet; set it to none for the first training"):
        inherit.main([])
    champions(1)
    change(repository, "model", "width", 0.125)
    with pytest.raises(UserError, match=r"models:/tsernet/1 has width 0\.0625, model\.width is 0\.125"):
        inherit.main([])
    change(repository, "model", "width", WIDTH)
    change(repository, None, "variants", ["unet"])
    change(repository, "register", "variant", "unet")
    with pytest.raises(UserError, match=r"is the variant full, register\.variant is unet; set model\.start_from to none, or"):
        inherit.main([])
    change(repository, "register", "variant", "full")
    change(repository, None, "variants", ["full", "no_erm"])
    with pytest.raises(UserError, match=r"is the variant full, variants are full, no_erm; set variants: \[full\]"):
        inherit.main([])
    with pytest.raises(UserError, match=r"'dvc repro --force inherit' pins"):
        find_start("champion")
    change(repository, "model", "start_from", "none")
    inherit.main([])
    assert find_start("none") is None
    with pytest.raises(UserError, match="holds no champion to start from"):
        find_start("champion")


def test_pinned_weights_that_were_changed_are_refused(champions: Champions) -> None:
    champions(1)
    inherit.main([])
    with (START / "model.safetensors").open("ab") as file:
        file.write(b"more")
    with pytest.raises(CheckError, match=r"sha256 .* but models:/tsernet/1 has "):
        find_start("champion")


def test_the_champions_images_stay_in_their_parts(repository: Path, champions: Champions) -> None:
    change(repository, "model", "start_from", "none")
    change(repository, "split", "keep", "champion")
    inherit.main([])  # before the first champion there is nothing to keep
    assert find_kept("champion") == {}
    samples = champions(1).with_name(SAMPLES)
    with pytest.raises(UserError, match=r"models:/tsernet/1 has no list of its samples .*; set it to none"):
        inherit.main([])
    write_listed([Listed("a", "test", "1", "1"), Listed("b", "train", "2", "2")], samples)
    inherit.main([])
    assert find_kept("champion") == {"a": "test", "b": "train"}
    assert find_kept("none") == {}
    assert find_start("none") is None


def test_a_file_of_the_same_name_is_another_start(repository: Path) -> None:
    """Else DVC's cache answers with what was trained from the file before, as `make cpu` found."""
    change(repository, "model", "start_from", "start.safetensors")
    records = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        save_model(repository / "start.safetensors", build_tsernet("full", WIDTH), {"resize": "64", "scaling": "unit", "stretch": "true"})
        inherit.main([])
        records.append((START / "record.json").read_text())
    assert records[0] != records[1]
    assert json.loads(records[1]) == {"model": "start.safetensors", "weights_sha256": sha256_of(repository / "start.safetensors")}
