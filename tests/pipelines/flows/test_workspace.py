"""The workspace of a flow run, with real git and DVC."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from clones import change
from jsonschema import Draft202012Validator
from standin import make_repository, run

from pipelines.flows.settings import Settings
from pipelines.flows.workspace.orphans import claim, clean_orphans, find_orphans, release
from pipelines.flows.workspace.worktree import create_workspace, find_repository, run_environment, workspace_path, write_params
from tsernet.config import Params
from tsernet.errors import UserError


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_repository(tmp_path_factory.mktemp("workspace") / "repository")


def test_settings_go_into_the_presets_params(repository: Path, make_params: Callable[..., Params]) -> None:
    settings = Settings(
        preset="cpu", source="folder", variants=["full"], seeds=[3], iterations=9, learning_rate=0.1, device="cuda", promote=False
    )
    path = create_workspace(repository, "one", "main")

    params = write_params(path, repository, settings)

    release(repository, "one")
    assert (params.preset, params.variants, params.seeds, params.train.iterations) == ("cpu", ["full"], [3], 9)
    assert (params.train.optimiser.lr, params.train.hardware.accelerator, params.register_.promote) == (0.1, "cuda", False)
    assert params.dataset.folder == str(repository / "data/own")
    assert params.train.batch_size == make_params(preset="cpu").train.batch_size  # what was not set is the preset's
    assert run(["git", "status", "--porcelain"], repository) == ""
    assert "one" not in run(["git", "worktree", "list"], repository)


def test_another_registered_method_is_what_a_start_from_the_champion_trains(repository: Path) -> None:
    path = create_workspace(repository, "unet", "main")
    change(path, None, "variants", ["full", "unet"])
    change(path, "register", "variant", "unet")

    params = write_params(path, repository, Settings(start="champion"))

    change(path, None, "variants", ["full", "unet"])
    with pytest.raises(UserError, match=r"register\.variant must be one of variants \(full\), got 'unet'"):
        write_params(path, repository, Settings(variants=["full"]))
    release(repository, "unet")
    assert params.variants == ["unet"]


@pytest.mark.parametrize(
    ("chosen", "fits"),
    [
        ({"preset": "cpu", "variants": ["unet"]}, False),
        ({"preset": "cpu", "variants": ["unet", "full"]}, True),
        ({"preset": "cpu", "variants": []}, True),
        ({"preset": "committed", "variants": ["unet"]}, True),
        ({"preset": "committed", "variants": ["unet", "unet"]}, False),
    ],
)
def test_the_form_asks_for_the_full_network_where_the_preset_registers_it(chosen: dict[str, Any], fits: bool) -> None:
    assert Draft202012Validator(Settings.model_json_schema()).is_valid(chosen) == fits


def test_images_that_are_being_copied_are_left_out_by_name(repository: Path) -> None:
    for room in ("images", "masks"):
        (repository / "data/own" / room).mkdir(parents=True, exist_ok=True)
    (repository / "data/own/images/new.png").write_bytes(b"half of an image")
    path = create_workspace(repository, "settling", "main")

    at_once = write_params(path, repository, Settings(source="folder", settle_seconds=0)).dataset.exclude
    waiting = write_params(path, repository, Settings(source="folder")).dataset.exclude

    release(repository, "settling")
    assert (waiting, at_once) == (["new"], [])


def test_an_unknown_revision_is_one_line(repository: Path) -> None:
    with pytest.raises(UserError, match=r"^revision 'no-such': not known$"):
        create_workspace(repository, "two", "no-such")


def test_a_folder_without_a_pipeline_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSERNET_REPOSITORY", str(tmp_path / "nothing"))
    with pytest.raises(UserError, match=r"no dvc\.yaml there"):
        find_repository()


def test_only_dead_runs_are_orphans(repository: Path) -> None:
    claim(repository, "living")
    create_workspace(repository, "dead", "HEAD")
    record = workspace_path(repository, "dead").with_name("dead.json")
    record.write_text(json.dumps({"pid": os.getpid(), "started": 1.0}), encoding="utf-8")  # the number is in use again

    assert find_orphans(repository) == ["dead"]
    assert clean_orphans(repository) == ["dead"]
    assert not workspace_path(repository, "dead").exists()
    release(repository, "living")


def test_records_and_checkpoints_are_the_persons(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    environment = run_environment(repository, "id")
    assert environment["MLFLOW_TRACKING_URI"] == f"sqlite:///{repository}/mlflow.db"
    assert environment["TSERNET_CHECKPOINTS"] == f"{repository}/.tsernet/checkpoints"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://site:5000")
    assert run_environment(repository, "id")["MLFLOW_TRACKING_URI"] == "http://site:5000"


def test_broken_expectations_stand_first_with_their_names() -> None:
    from pipelines.flows.artifacts import validation_table  # and Prefect with it

    kept = {"description": "Masks are black and white", "severity": "error", "success": True, "failing": []}
    broken = {"description": "Every file is an image", "severity": "error", "success": False, "failing": [f"In_{n}" for n in range(25)]}

    table = validation_table({"passed": False, "errors": 1, "warnings": 0, "expectations": [kept, broken]}).splitlines()

    assert table[0].startswith("**Failed**: 1 errors")
    assert "Every file is an image | In_0, In_1," in table[4]
    assert table[4].endswith("and 5 more |")
    assert "Masks are black and white" in table[5]
