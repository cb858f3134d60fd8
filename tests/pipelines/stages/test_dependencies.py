"""What a checkpoint's key holds, DVC sees too: a change in either place must train again."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from tsernet.training.fingerprint import _CODE

ROOT = Path(__file__).parents[3]


def test_the_code_of_a_checkpoints_key_is_the_stages_dependency() -> None:
    stage = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]["train"]
    assert {f"tsernet/{name}" for name in _CODE} <= set(stage["deps"])
    assert all((ROOT / "tsernet" / name).exists() for name in _CODE)
