"""From inspected images to a decision about the next champion: serve, log, review, import, retrain; only the labelling is a person's."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from dvc_clone import Clone, add_images
from mill import correct_annotations, make_mill
from PIL import Image
from servers import TLS, ended, wait_for

from tsernet.data.listed import read_listed

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]
BUDGET = 18


@pytest.fixture
def mill(clone: Path, tmp_path: Path) -> Clone:
    return make_mill(clone, tmp_path)


def tsernet(mill: Clone, *words: object) -> str:
    return mill.call(sys.executable, "-m", "pipelines.cli", *map(str, words))


def darkened(plant: Path) -> Path:
    """Write what the camera gives since its lamp ages, with masks that only the person knows."""
    add_images(plant, 21, 30)
    for path in (plant / "images").iterdir():
        Image.fromarray((np.array(Image.open(path)) * 0.5).astype(np.uint8)).save(path)
    return plant / "images"


def inspected(mill: Clone, images: Path) -> None:
    """Send all images to the service, which logs them."""
    printed = mill.root / "printed.txt"
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW", "TSERNET_SERVE"))}
    with printed.open("wb") as out:
        command = [sys.executable, "-m", "pipelines.cli", "serve", "--port", "0"]
        environment = kept | {"PYTHONPATH": str(mill.root)}
        process = subprocess.Popen(command, cwd=mill.root, env=environment, stdout=out, start_new_session=True)
    with ended(process):
        wait_for(lambda: printed.read_text().startswith("http") or process.poll() is not None, 90, "the address")
        with httpx.Client(base_url=printed.read_text().strip(), timeout=120, verify=TLS, trust_env=False) as client:
            for path in sorted(images.iterdir()):
                answer = client.post("/v1/inspect", files={"images": (path.name, path.read_bytes())})
                assert answer.status_code == 200, answer.text
    printed.unlink()


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_from_the_browsers_images_to_a_decision(mill: Clone, tmp_path: Path) -> None:
    mill.dvc("repro")
    assert read(mill.root / "results/register.json")["champion"]
    before = read_listed(mill.root / "data/splits/samples.csv")
    images = darkened(tmp_path / "plant")
    inspected(mill, images)

    project = tmp_path / "review"
    tsernet(mill, "review", images, "--to", project, "--log", ".tsernet/inspections", "--budget", BUDGET)
    with (project / "review.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == BUDGET
    assert all(row["reason"] for row in rows)
    correct_annotations(project, tmp_path / "plant/masks")
    tsernet(
        mill,
        "import",
        "labelme",
        project / "annotations",
        "--images",
        project / "images",
        "--unannotated",
        "clean",
        "--out",
        "data/own",
        "--add",
    )

    mill.params(model__start_from="champion", train__iterations=40)
    mill.commit("Fine-tune")
    mill.dvc("repro", "--force", "inherit")
    mill.dvc("repro")

    after = {one.name: one.part for one in read_listed(mill.root / "data/splits/samples.csv")}
    assert {one.name: after[one.name] for one in before} == {one.name: one.part for one in before}
    assert len(after) == len(before) + BUDGET
    assert "test" in {part for name, part in after.items() if name not in {one.name for one in before}}
    assert read(mill.root / "results/train/full/0/run.json")["start"]["model"] == "models:/tsernet/1"
    outcome = read(mill.root / "results/register.json")
    print(outcome["reason"])
    assert outcome["version"] == "2"
    assert "old test images max_f_measure" in outcome["reason"]
    assert "new test images max_f_measure" in outcome["reason"]
    (shown,) = [
        one for one in json.loads(tsernet(mill, "models", "show", "models:/tsernet/2", "--json"))["decisions"] if one["about"] == "2"
    ]
    assert shown["reason"] == outcome["reason"]

    assert "did not change" in mill.dvc("repro") or "up to date" in mill.dvc("repro")
    rebuilt = json.loads(tsernet(mill, "models", "rebuild", "models:/tsernet/2", "--json").partition("\n")[0])
    assert rebuilt["same_weights"]
    assert rebuilt["same_data"]
