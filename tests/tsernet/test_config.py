"""params.yaml: every mistake is one line that names the key, what it holds and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tsernet.config import Params, load_params, parse_params
from tsernet.errors import UserError

MakeParams = Callable[..., Params]
PRESETS = sorted((Path(__file__).parents[2] / "presets").glob("*.yaml"))


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_presets_are_valid_and_name_themselves(path: Path) -> None:
    assert load_params(path).preset == path.stem


def test_the_shipped_params_are_the_demo() -> None:
    root = Path(__file__).parents[2]
    assert (root / "params.yaml").read_text() == (root / "presets/demo.yaml").read_text()


def test_the_paper_preset_is_algorithm_1() -> None:
    params = load_params(next(path for path in PRESETS if path.stem == "paper"))
    optimiser, augment = params.train.optimiser, params.train.augment
    assert (params.train.iterations, params.train.batch_size, params.model.width) == (26_000, 4, 1.0)
    assert (optimiser.lr, tuple(optimiser.betas), optimiser.eps, optimiser.weight_decay) == (1e-3, (0.9, 0.999), 1e-8, 0.0)
    assert (optimiser.schedule, optimiser.clip_norm, optimiser.ema) == ("constant", 0.0, 0.0)
    assert (augment.resize, augment.crop, augment.flip.up_down, augment.flip.left_right, augment.rotate) == (256, 224, 0.0, 0.0, False)
    assert params.train.checkpoint_every == 1000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train.optimiser.lrr": 3}, "train.optimiser.lrr: unknown key; allowed here: betas, clip_norm, ema, eps, lr"),
        ({"trian": 3}, "trian: unknown key; allowed here: compare, dataset"),
        ({"train.optimiser.lr": "fast"}, "train.optimiser.lr: expected a number, got 'fast'"),
        ({"train.optimiser.lr": 5}, "train.optimiser.lr: input should be less than or equal to 1, got 5"),
        ({"train.optimiser.lr": float("nan")}, "train.optimiser.lr: expected a finite number, got nan"),
        ({"train.iterations": 0}, "train.iterations: input should be greater than or equal to 1, got 0"),
        ({"train.iterations": True}, "train.iterations: expected a whole number, got True"),
        ({"train.augment.crop": 100}, "train.augment.crop: input should be a multiple of 32, got 100"),
        ({"train.augment.crop": 128}, "train.augment: crop must be at most resize (64), got 128"),
        ({"train.augment.flip": 1.5}, "train.augment.flip.up_down: input should be less than or equal to 1, got 1.5"),
        ({"train.augment.flip": {"rows": 0.5}}, "train.augment.flip.rows: unknown key; allowed here: left_right, up_down"),
        ({"train.progressive": [{"until": 1.0, "resize": 64, "crop": 64}]}, "train.progressive.0.until: input should be less than 1"),
        (
            {"train.progressive": [{"until": 0.5, "resize": 64, "crop": 64}, {"until": 0.5, "resize": 32, "crop": 32}]},
            "train: progressive must be in order of until, got [0.5, 0.5]",
        ),
        (
            {"train.progressive": [{"until": 0.5, "resize": 32, "crop": 64}]},
            "train.progressive.0: crop must be at most resize (32), got 64",
        ),
        ({"variants": ["ful"]}, "variants.0: expected one of full, no_subnet"),
        ({"model.widths": {"unet": 3.0}}, "model.widths.unet: input should be less than or equal to 2"),
        ({"model.widths": {"vnet": 1.0}}, "model.widths.vnet"),
        ({"variants": ["no_efbi"]}, "register.variant must be one of variants (no_efbi), got 'full'; add it to them or name one of them"),
        ({"register.variant": "unet"}, "register.variant must be one of variants (full, no_subnet"),
        ({"register.variant": "vnet"}, "register.variant: expected one of full, no_subnet"),
        ({"seeds": [1, 1]}, "seeds must not repeat, got [1, 1]"),
        ({"model": None}, "model: expected keys and values, got None"),
        ({"loss.edge": "heavy"}, "loss.edge: input should be 'balanced' or 'plain', got 'heavy'"),
        ({"train.clean_share": 1.0}, "train.clean_share: "),
        ({"train.window": 20}, "train.window: "),
        ({"dataset.pixel_mm": 0.0}, "dataset.pixel_mm"),
        ({"operate.rule": "luck"}, "operate.rule: "),
        ({"validate.clean": {"least": 0.9, "most": 0.1}}, "validate.clean: least must be at most most"),
        ({"train.window": 0}, "train.window must be above 0 where evaluate.protocol is strip"),
    ],
)
def test_mistakes_are_named(make_params: MakeParams, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as error:
        make_params(changes)
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_another_network_than_the_full_one_may_be_registered(make_params: MakeParams) -> None:
    assert make_params({"variants": ["unet", "no_efbi"], "register.variant": "unet"}).register_.variant == "unet"


def test_params_of_before_the_key_register_the_full_network() -> None:
    tree = YAML(typ="safe", pure=True).load((Path(__file__).parents[2] / "presets/demo.yaml").read_text())
    del tree["register"]["variant"]
    assert parse_params(tree, "params.yaml").register_.variant == "full"


def test_a_misspelt_key_is_named_as_it_was_written() -> None:
    root = Path(__file__).parents[2]
    text = (root / "presets/demo.yaml").read_text().replace("loss:\n", "los:\n")
    with pytest.raises(UserError, match=r"los: unknown key; allowed here: .*loss.* \(and 1 more\)"):
        parse_params(YAML(typ="safe", pure=True).load(text), "params.yaml")


def test_several_mistakes_are_counted(make_params: MakeParams) -> None:
    with pytest.raises(UserError, match=r"\(and 1 more\)"):
        make_params({"train.iterations": 0, "model.width": -1.0})


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"a: [", "not YAML"), (b"\xff", "UTF-8"), (b"- 1", "keys and values")]
)
def test_a_file_that_is_none(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "params.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=said):
        load_params(path)


def test_numbers_are_read_as_dvc_reads_them(tmp_path: Path) -> None:
    text = next(path for path in PRESETS if path.stem == "demo").read_text().replace("lr: 0.008", "lr: 4e-3")
    (tmp_path / "params.yaml").write_text(text)
    assert load_params(tmp_path / "params.yaml").train.optimiser.lr == 0.004
