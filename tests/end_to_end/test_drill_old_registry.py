"""A registry that commit 488b215 has made, in the hands of today's code: listed, used, rolled back, made again."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from old_registry import COMMIT, environment, is_there, make
from PIL import Image

from tsernet.config import load_params

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.drill, pytest.mark.timeout(3600)]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commit's clone with its two versions, of which the second is champion."""
    if not is_there(ROOT):
        pytest.skip(f"the history here does not reach back to {COMMIT}")
    folder = tmp_path_factory.mktemp("old") / "repository"
    make(ROOT, folder)
    return folder


def call(old: Path, *words: object) -> Any:
    """Run today's `tsernet` in the old clone; give what it printed, read as JSON where it is that."""
    command = [sys.executable, "-P", "-m", "pipelines.cli", *map(str, words)]  # -P: not the old clone's own code
    done = subprocess.run(command, cwd=old, env=environment(ROOT), capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(map(str, words))} ended with {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout) if "--json" in words else done.stdout


def champion(old: Path) -> str:
    (found,) = [one["model"].rpartition("/")[2] for one in call(old, "models", "list", "--json") if "champion" in one["aliases"]]
    return str(found)


def test_old_params_are_read(old: Path) -> None:
    for path in [old / "params.yaml", *sorted((old / "presets").glob("*.yaml"))]:
        load_params(path)


def test_old_runs_and_versions_say_where_they_come_from(old: Path) -> None:
    shown = call(old, "models", "show", "models:/tsernet/1", "--json")
    traced = call(old, "models", "trace", "models:/tsernet/2", "--json")
    assert shown
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=old, capture_output=True, text=True).stdout.strip()
    assert commit in json.dumps(traced)


def test_an_old_version_predicts_as_it_did(old: Path, tmp_path: Path) -> None:
    """By `tsernet predict`, and as MLflow loads it, with the code that the version itself holds."""
    image = next((old / "data/prepared/images").glob("*.png"))
    for version in ("1", "2"):
        call(old, "predict", image, "--out", tmp_path / f"{version}.png", "--model", f"models:/tsernet/{version}", "--runtime", "torch")
    script = (
        "import sys, json, mlflow, numpy; from PIL import Image\n"
        "model = mlflow.pyfunc.load_model('models:/tsernet/2')\n"
        "numpy.save(sys.argv[2], model.predict(numpy.asarray(Image.open(sys.argv[1]).convert('L'))[None]))"
    )
    variables = environment(tmp_path) | {"MLFLOW_TRACKING_URI": f"sqlite:///{old}/mlflow.db"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(image), str(tmp_path / "own.npy")], cwd=tmp_path, env=variables, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (np.asarray(Image.open(tmp_path / f"{version}.png")).astype(int) for version in ("1", "2"))
    assert np.abs(np.load(tmp_path / "own.npy")[0] * 255 - second).max() <= 1  # then an array of 0 to 1
    assert (first != second).any()


def test_the_champion_is_rolled_back_and_both_versions_are_made_again(old: Path) -> None:
    assert champion(old) == "2"
    call(old, "models", "rollback")
    assert champion(old) == "1"
    for version in ("1", "2"):
        rebuilt = call(old, "models", "rebuild", f"models:/tsernet/{version}", "--json")
        assert (rebuilt["same_weights"], rebuilt["same_data"], rebuilt["largest_difference"]) == (True, True, 0), rebuilt
