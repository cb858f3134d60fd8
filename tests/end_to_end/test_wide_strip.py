"""Wide, 12-bit, mostly clean strip through the whole graph: validated, trained on windows, evaluated in tiles, served, inspected."""

from __future__ import annotations

import base64
import csv
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from dvc_clone import Clone
from forks import Forks

pytestmark = [pytest.mark.slow, pytest.mark.long, pytest.mark.timeout(600)]
HEIGHT, WIDTH, DEFECTIVE, CLEAN = 64, 384, 20, 40


def _strip(own: Path) -> None:
    """Write 60 images of noise around a level, of which 20 hold one bright bar each."""
    rng = np.random.default_rng(0)
    for room in ("images", "masks"):
        (own / room).mkdir(parents=True)
    for number in range(DEFECTIVE + CLEAN):
        image = rng.normal(1500 + 20 * (number % 7), 60, (HEIGHT, WIDTH))
        mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
        if number < DEFECTIVE:
            top, left = rng.integers(4, HEIGHT - 20), rng.integers(4, WIDTH - 60)
            mask[top : top + 14, left : left + 50] = 255
            image[mask > 0] += 1600
        name = f"frame{number:03d}"
        tifffile.imwrite(own / "images" / f"{name}.tif", image.clip(0, 4095).astype(np.uint16))
        tifffile.imwrite(own / "masks" / f"{name}.tif", mask)


@pytest.fixture(scope="module")
def strip(clone: Path, forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """A clone in which `dvc repro` has run over such a set."""
    base = tmp_path_factory.mktemp("strip")
    made = Clone(base / "strip")
    Clone(base).git("clone", "-q", str(clone), "strip")
    made.params(
        dataset__source="folder",
        dataset__levels={"black": 0, "white": 4095},
        dataset__pixel_mm=0.5,
        split__method="stratified",
        split__validation=0.3,
        split__test=0.3,
        variants=["full"],
        loss__empty="background",
        train__window=64,
        train__clean_share=0.25,
        train__iterations=40,
        train__batch_size=4,
        train__norm_batches=8,
        evaluate__protocol="strip",
        operate={"rule": "cost", "miss": 50.0, "false_alarm": 1.0, "min_area": 20},
    )
    _strip(made.root / "data/own")
    forks.repro(made.root)
    return made


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_clean_images_are_a_class_of_their_own_in_every_part(strip: Clone) -> None:
    for part in ("train", "val", "test"):
        with (strip.root / f"data/splits/{part}.csv").open(newline="") as lines:
            classes = [row["class"] for row in csv.DictReader(lines)]
        assert {"clean", "defect"} == set(classes), part


def test_the_evaluation_chooses_its_point_and_counts_both_kinds(strip: Clone) -> None:
    folder = strip.root / "results/evaluate/full/0"
    metrics, operating = _read(folder / "metrics.json"), _read(folder / "operating.json")
    assert operating["protocol"] == "strip"
    assert (operating["window"], operating["pixel_mm"]) == ("64", "0.5")
    assert metrics["operating_rule"].startswith("cost")
    assert metrics["defective_images"] + metrics["clean_images"] == metrics["count"] + metrics["clean_count"] == 18
    assert 0.0 <= metrics["image_auroc"] <= 1.0
    assert metrics["validation_calibration_error_after"] <= metrics["validation_calibration_error"] + 0.01
    with (folder / "clean.csv").open(newline="") as lines:
        assert len(list(csv.DictReader(lines))) == metrics["clean_images"]
    with (folder / "froc.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [int(row["threshold"]) for row in rows] == sorted(int(row["threshold"]) for row in rows)


def test_the_registered_version_answers_with_maps_and_defects(strip: Clone) -> None:
    # In a process of its own: a version brings its own copy of the library.
    code = """
import base64, json, sys
import mlflow, numpy as np, pandas as pd, tifffile
mlflow.set_tracking_uri("sqlite:///mlflow.db")
model = mlflow.pyfunc.load_model("models:/tsernet/1")
table = pd.DataFrame({"image": [open("data/own/images/frame000.tif", "rb").read(), open("data/own/images/frame059.tif", "rb").read()]})
maps = model.predict(table)
found = [json.loads(one) for one in model.predict(table, params={"output": "defects"})]
deep = tifffile.imread("data/own/images/frame000.tif")[None]
eight = np.rint(deep * (255 / 4095)).astype(np.uint8)
apart = np.abs(model.predict(deep) - model.predict(eight)).max()
print("ANSWER " + json.dumps([maps[0][:20], found, float(apart)]))
"""
    printed = strip.call(sys.executable, "-c", code)
    first, found, apart = json.loads(next(line for line in printed.splitlines() if line.startswith("ANSWER "))[7:])
    assert base64.b64decode(first[:20]).startswith(b"\x89PNG")
    assert [(one["width"], one["height"]) for one in found] == [(WIDTH, HEIGHT)] * 2
    assert apart <= 2 / 255  # the same scene in 8 bits
    assert all((one["verdict"] == "defective") is bool(one["found"]) for one in found)


def test_inspect_uses_the_champion_with_its_point_and_its_millimetres(strip: Clone) -> None:
    out = strip.root / "inspected"
    code = 3 if (found := _read(strip.root / "results/evaluate/full/0/metrics.json")["marked_defective"]) else 0
    strip.call(sys.executable, "-m", "pipelines.cli", "inspect", "data/own/images", "--out", "inspected", code=code)
    content = _read(out / "defects.json")
    operating = _read(strip.root / "results/evaluate/full/0/operating.json")
    assert content["settings"]["threshold"] == float(operating["threshold"])
    assert content["settings"]["levels"] == [0, 4095]
    assert content["settings"]["pixel_mm"] == 0.5
    assert len(content["images"]) == DEFECTIVE + CLEAN
    for image in content["images"]:
        assert all(one["length_mm"] == pytest.approx(one["length"] / 2, abs=0.01) for one in image["found"])
    assert found >= 0.0
    assert len(list((out / "overlays").glob("*.png"))) == DEFECTIVE + CLEAN
