"""Search spaces: what is searched, and mistakes in one line."""

from __future__ import annotations

import json
from pathlib import Path

import optuna
import pytest

from pipelines.commands.tune import _value
from pipelines.tuning.space import read_space, suggest
from tsernet.config import load_params, parse_params
from tsernet.errors import UserError

ROOT = Path(__file__).parents[3]


def test_the_space_that_comes_along_gives_params_and_lines_that_dvc_reads(tmp_path: Path) -> None:
    from dvc.utils.hydra import to_hydra_overrides
    from hydra._internal.config_loader_impl import ConfigLoaderImpl
    from omegaconf import OmegaConf
    from ruamel.yaml import YAML

    space = read_space(ROOT / "tune.yaml", ROOT / "presets/cpu.yaml")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(8):
        trial = study.ask()
        sampled = suggest(space, trial)
        assert set(sampled) == set(space)
        tree = YAML(typ="safe", pure=True).load((ROOT / "presets/cpu.yaml").read_text())
        config = OmegaConf.create(tree)
        ConfigLoaderImpl._apply_overrides_to_config(
            to_hydra_overrides([f"{key}={_value(one)}" for key, one in trial.params.items()]), config
        )
        changed = parse_params(OmegaConf.to_object(config), "the overrides").train
        assert changed.augment.flip.model_dump() == sampled["train.augment.flip"]
        assert (changed.optimiser.lr, changed.optimiser.warmup) == (sampled["train.optimiser.lr"], sampled["train.optimiser.warmup"])
        assert isinstance(sampled["train.optimiser.warmup"], int)
        assert json.dumps(changed.augment.rotate) == trial.params["train.augment.rotate"]
    assert load_params(ROOT / "presets/cpu.yaml").train.optimiser.warmup == 200


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "expected keys of params.yaml"),
        ("- 1", "expected keys of params.yaml"),
        ("train.optimiser.lr: 3", "train.optimiser.lr: "),
        ("train.optimiser.lr: {low: 0.1}", "train.optimiser.lr.high: field required"),
        ("train.optimiser.lr: {low: 0.1, high: 0.01}", "expected low below high, got 0.1 and 0.01"),
        ("train.optimiser.lr: {low: 0.0, high: 0.01, log: true}", "expected low below high and above 0"),
        ("train.optimiser.lr: {low: 0.001, high: 5.0}", "train.optimiser.lr: input should be less than or equal to 1"),
        ("train.optimiser.schedule: {choices: [cosine, linear]}", "train.optimiser.schedule: "),
        ("train.optimizer.lr: {low: 0.001, high: 0.01}", "has no section 'optimizer'"),
        ("a: [", "not YAML"),
    ],
)
def test_mistakes_are_named_in_one_line(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "tune.yaml").write_text(content)
    with pytest.raises(UserError) as error:
        read_space(tmp_path / "tune.yaml", ROOT / "presets/cpu.yaml")
    assert said in str(error.value)
    assert "\n" not in str(error.value)
