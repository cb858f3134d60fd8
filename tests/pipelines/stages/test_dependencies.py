"""What a checkpoint's key holds, DVC sees too: a change in either place must train again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tsernet.training.fingerprint import _CODE

ROOT = Path(__file__).parents[3]


def _stages() -> dict[str, Any]:
    stages: dict[str, Any] = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return stages


def test_another_registered_variant_is_reported_on_and_registered_anew() -> None:
    stages = _stages()
    assert {f"results/{stage}/${{register.variant}}" for stage in ("train", "evaluate")} <= set(stages["register"]["deps"])
    assert all("register.variant" in stages[name]["params"] for name in ("inherit", "compare"))


def test_the_code_of_a_checkpoints_key_is_the_stages_dependency() -> None:
    stage = _stages()["train"]
    assert {f"tsernet/{name}" for name in _CODE} <= set(stage["deps"])
    assert all((ROOT / "tsernet" / name).exists() for name in _CODE)
