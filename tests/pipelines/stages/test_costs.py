"""What the networks of params.yaml cost, and the preset that sets them side by side."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.stages.costs import costs_of
from tsernet.config import Params, load_params
from tsernet.methods import METHODS
from tsernet.methods.registry import outline_network
from tsernet.models.complexity import complexity_of

PRESETS = Path(__file__).parents[3] / "presets"


def test_costs_are_counted_timed_and_read_from_the_trainings(
    make_params: Callable[..., Params], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, record in (("0", {"step_seconds": 0.25}), ("1", {"run_id": "of before"})):
        Path(f"results/train/minet2024/{seed}").mkdir(parents=True)
        Path(f"results/train/minet2024/{seed}/run.json").write_text(json.dumps(record))
    params = make_params({"variants": ["full", "minet2024"], "seeds": [0, 1, 2], "model.widths": {"full": 0.03125, "minet2024": 0.5}})
    costs = costs_of(params)
    assert list(costs) == ["full", "minet2024"]
    light = costs["minet2024"]
    assert (light.width, light.full_parameters, light.step_seconds) == (0.5, 277_477, (0.25,))
    assert light.parameters == complexity_of("minet2024", 0.5).parameters
    assert light.milliseconds is not None
    assert light.milliseconds > 0
    assert costs["full"].minutes is None


def test_tsernets_variants_alone_cost_nothing_to_ask(make_params: Callable[..., Params]) -> None:
    assert costs_of(make_params({"variants": ["full", "no_erm"]})) == {}


def test_the_preset_holds_every_method_at_about_three_million_parameters() -> None:
    params = load_params(PRESETS / "methods.yaml")
    assert params.variants == ["full", *METHODS]
    assert len(params.seeds) == 3
    for name in params.variants:
        width = params.model.width_of(name)
        parameters = sum(parameter.numel() for parameter in outline_network(name, width).parameters())
        assert width == 1.0 if name in ("samnet", "minet2024") else parameters == pytest.approx(3.0e6, rel=0.01)


def test_the_preset_trains_as_variants_does_but_for_length_turns_and_the_first_sizes() -> None:
    methods, variants = (load_params(PRESETS / f"{name}.yaml").model_dump() for name in ("methods", "variants"))
    for key in ("preset", "variants", "seeds"):
        methods.pop(key), variants.pop(key)
    methods["model"].pop("widths"), variants["model"].pop("widths")
    assert (methods["train"].pop("iterations"), variants["train"].pop("iterations")) == (1200, 1500)
    methods["train"].pop("progressive"), variants["train"].pop("progressive")
    methods["train"]["augment"].pop("rotate"), variants["train"]["augment"].pop("rotate")
    assert methods == variants
