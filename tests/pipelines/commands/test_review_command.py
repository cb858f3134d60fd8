"""`tsernet review`: what is worth a look becomes a project, and comes back as the next version of the dataset."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from dvc_clone import add_images
from inspections import made_up
from owners import LABEL_STUDIO_SDK, LABELME, install, run
from PIL import Image
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.monitoring.figures import figures_of
from pipelines.monitoring.reference import Reference
from pipelines.reviewing.sources import logged, remembered_reference
from tsernet.annotations import ImportOptions, import_dataset
from tsernet.data.prepare import prepare
from tsernet.errors import UserError
from tsernet.shipped import shipped_model

SOURCES = {"labelme": "annotations", "cvat": "annotations/annotations.xml", "label-studio": "export.json"}

# What a person does who opens each file in LabelMe and saves it: Qt is the window only.
BY_LABELME = """
import sys
from pathlib import Path
from unittest.mock import MagicMock
sys.modules["PyQt5"] = sys.modules["onnxruntime"] = MagicMock()
from labelme import LabelFile
for path in sorted(Path(sys.argv[1]).rglob("*.json")):
    file = LabelFile(str(path))
    file.save(
        filename=str(path), shapes=file.shapes, image_path=file.image_path, image_height=None, image_width=None, image_data=None,
        other_data=file.other_data, flags=file.flags,
    )
"""
# What Label Studio checks of a project's tasks: every prediction against the labels that the project has. jsf makes samples for its docs.
BY_LABEL_STUDIO = """
import json, sys
from unittest.mock import MagicMock
sys.modules["jsf"] = MagicMock()
from label_studio_sdk.label_interface import LabelInterface
interface = LabelInterface(open(sys.argv[1]).read())
for task in json.load(open(sys.argv[2])):
    for prediction in task["predictions"]:
        assert interface.validate_prediction(prediction), prediction
        for region in prediction["result"]:
            region["value"]["polygonlabels"] = ["other"]
        assert not prediction["result"] or not interface.validate_prediction(prediction)
"""


def call(*arguments: object) -> Result:
    return CliRunner().invoke(build_app(), [str(argument) for argument in arguments], catch_exceptions=False)


def silent(done: int, total: int) -> None:
    """Show nothing."""


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Synthetic images, one of them twice and one overexposed; no repository around."""
    names = add_images(tmp_path / "plant", 1, 3)
    images = tmp_path / "plant/images"
    pixels = np.array(Image.open(images / f"{names[0]}.png"))
    Image.fromarray(np.clip(pixels.astype(int) + np.eye(*pixels.shape, dtype=int), 0, 255).astype(np.uint8)).save(images / "twin.png")
    (images / "coil 7").mkdir()
    Image.fromarray(np.maximum(pixels, 255 * (pixels > np.median(pixels))).astype(np.uint8)).save(images / "coil 7/bright é.png")
    monkeypatch.chdir(tmp_path)
    return images


def review(plant: Path, to: Path, *more: object) -> list[dict[str, str]]:
    result = call("review", plant, "--to", to, "--model", "shipped", *more)
    assert result.exit_code == 0, result.output
    with (to / "review.csv").open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def submitted(project: Path) -> None:
    """Do what Label Studio does where a person submits each task as it was predicted: the export has them as annotations."""
    tasks = json.loads((project / "annotations/tasks.json").read_text(encoding="utf-8"))
    done = [{"id": number, "data": task["data"], "annotations": task["predictions"]} for number, task in enumerate(tasks)]
    (project / "export.json").write_text(json.dumps(done), encoding="utf-8")


def level_of_shipped() -> int:
    from tsernet.model_files import read_tensors
    from tsernet.protocol import protocol_of

    return protocol_of(read_tensors(shipped_model())[1]).operating_point.level


def assert_masks_are_the_maps(project: Path, masks: Path) -> None:
    maps = {path.relative_to(project / "maps"): path for path in (project / "maps").rglob("*.png")}
    assert {path.relative_to(masks) for path in masks.rglob("*.png")} == maps.keys()
    for name, path in maps.items():
        marked, mask = np.array(Image.open(path)) >= level_of_shipped(), np.array(Image.open(masks / name)) > 0
        union = int((marked | mask).sum())
        assert not union or (marked & mask).sum() / union >= 0.98, name


@pytest.mark.parametrize("format_name", list(SOURCES))
def test_a_project_comes_back_as_what_its_maps_marked(plant: Path, tmp_path: Path, format_name: str) -> None:
    project = tmp_path / "project"
    rows = review(plant, project, "--format", format_name, "--budget", 6, "--reference", plant)
    assert [int(row["rank"]) for row in rows] == [1, 2, 3, 4, 5, 6]
    assert "coil 7/bright é" in [row["image"] for row in rows]
    assert len({"twin", "In_1"} & {row["image"] for row in rows}) <= 1
    assert {path.stem for path in (project / "images").rglob("*.png")} == {Path(row["image"]).name for row in rows}
    if format_name == "label-studio":
        submitted(project)
    options = ImportOptions(images=project / "images", unannotated="clean")
    import_dataset(format_name, project / SOURCES[format_name], tmp_path / "next", options, silent)
    assert_masks_are_the_maps(project, tmp_path / "next/masks")


def test_each_choice_has_its_reason(plant: Path, tmp_path: Path) -> None:
    tables = tmp_path / "results/report/tables"
    tables.mkdir(parents=True)
    title = "Disagreement along the border only: possible label errors"
    (tables / "failures.csv").write_text(f"kind,name,s_measure,iou,words\n{title},Pa_2,0.9,0.8,12 pixels differ\nOther,Pa_3,1,1,x\n")
    rows = {row["image"]: row for row in review(plant, tmp_path / "out", "--reference", plant, "--challenger", "shipped-paper")}
    assert len(rows) == 11
    assert "possible label error: 12 pixels differ" in rows["Pa_2"]["reason"]
    assert float(rows["Pa_2"]["label_error"]) == 1.0
    assert float(rows["Pa_3"]["label_error"]) == 0.0
    assert "unlike the training images: " in rows["coil 7/bright é"]["reason"]
    assert any("the models disagree: " in row["reason"] for row in rows.values())
    assert float(rows["twin"]["likeness"]) > 0.99 or float(rows["In_1"]["likeness"]) > 0.99


def test_what_cannot_be_reviewed_is_one_line(plant: Path, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/mine.txt").touch()
    for to, more, words in (
        ("full", (), "exists already and is not empty"),
        ("new", ("--log", tmp_path / "nothing"), "holds no inspection log; 'tsernet serve' writes one"),
        ("new", ("--reference", tmp_path / "nothing"), "expected a folder of the training images"),
        ("new", ("--report", tmp_path / "nothing"), "expected the folder of a report"),
    ):
        with pytest.raises(UserError, match=words):
            call("review", plant, "--to", tmp_path / to, "--model", "shipped", *more)
    assert not (tmp_path / "new").exists()


def test_of_an_inspection_log_its_images_are_found_by_their_digest(plant: Path, tmp_path: Path) -> None:
    import sqlite3

    from pipelines.serving.log import COLUMNS
    from tsernet.digests import sha256_of

    (tmp_path / "log").mkdir()
    database = sqlite3.connect(tmp_path / "log/inspections-2026-11-28.sqlite")
    database.execute(f"CREATE TABLE inspections (id INTEGER PRIMARY KEY, {', '.join(f'{key} {kind}' for key, kind in COLUMNS.items())})")
    known = {key: "x" if "TEXT" in kind else 0.25 for key, kind in COLUMNS.items()}
    for digest in (sha256_of(plant / "Pa_1.png"), "gone"):
        row: dict[str, Any] = known | {"image_sha256": digest}
        database.execute(f"INSERT INTO inspections ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", list(row.values()))
    database.commit()
    database.close()
    figures, missing = logged(tmp_path / "log", {"Pa_1": plant / "Pa_1.png", "Pa_2": plant / "Pa_2.png"})
    assert missing == 1
    assert figures == {"Pa_1": {"brightness": 0.25, "contrast": 0.25, "sharpness": 0.25, "clipped": 0.25}}
    rows = review(plant, tmp_path / "out", "--log", tmp_path / "log")
    assert [row["image"] for row in rows] == ["Pa_1"]


def test_added_to_a_dataset_it_is_the_next_version(plant: Path, tmp_path: Path) -> None:
    """What was there stays, a corrected mask replaces the old one, and the data stages take the whole."""
    own = tmp_path / "own"
    names = add_images(own, 1, 4)
    (own / "labels.csv").write_text("name,class,group\nPa_1,patch,coil7\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in own.rglob("*.png")}
    project = tmp_path / "project"
    rows = review(plant, project)
    options = ImportOptions(images=project / "images", unannotated="clean", add=True)

    import_dataset("labelme", project / "annotations", own, options, silent)

    assert len(rows) == 11
    manifest = {row.name: row for row in prepare(own, tmp_path / "prepared", 3, 1_000_000)}
    assert set(manifest) == {*names, "twin", "coil 7/bright é"}
    assert all(row.usable for row in manifest.values())
    assert all(path.read_bytes() == content for path, content in before.items() if path.name.endswith("_4.png"))
    assert manifest["Pa_1"].group == "coil7"
    labels = (own / "labels.csv").read_text(encoding="utf-8")
    assert labels.splitlines()[0] == "name,class,group"
    import_dataset("labelme", project / "annotations", own, options, silent)  # again: nothing changes
    assert (own / "labels.csv").read_text(encoding="utf-8") == labels

    Image.new("L", (48, 48)).save(own / "images/twin.png")
    with pytest.raises(UserError, match=r"images/twin\.png: is there already, with other content; nothing was added"):
        import_dataset("labelme", project / "annotations", own, options, silent)
    with pytest.raises(UserError, match="expected a dataset to add to"):
        import_dataset("labelme", project / "annotations", project, options, silent)


@pytest.mark.long
def test_labelme_and_label_studio_take_the_projects(plant: Path, tmp_path: Path) -> None:
    review(plant, tmp_path / "labelme", "--format", "labelme")
    run(install(tmp_path / "tool", LABELME), BY_LABELME, tmp_path / "labelme/annotations")
    options = ImportOptions(images=tmp_path / "labelme/images", unannotated="clean")
    import_dataset("labelme", tmp_path / "labelme/annotations", tmp_path / "next", options, silent)
    assert_masks_are_the_maps(tmp_path / "labelme", tmp_path / "next/masks")
    review(plant, tmp_path / "studio", "--format", "label-studio")
    folder = tmp_path / "studio/annotations"
    run(install(tmp_path / "sdk", (*LABEL_STUDIO_SDK, "xmljson==0.2.1")), BY_LABEL_STUDIO, folder / "labels.xml", folder / "tasks.json")


def test_images_are_held_against_what_the_monitor_remembers_of_a_version(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = list(made_up(50, 0))
    known = Reference(figures_of(rows), "split", "1" * 64, 50)
    monkeypatch.setattr("pipelines.monitoring.monitor.known_reference", lambda _: known)

    assert remembered_reference("shipped") is None
    found = remembered_reference("models:/tsernet@champion")
    assert found is not None
    assert set(found.columns) == {"brightness", "contrast", "sharpness", "clipped"}
    assert found.columns["brightness"][0] == pytest.approx(np.median([row["brightness"] for row in rows]))
    assert found.columns["sharpness"][0] == pytest.approx(np.median(np.log1p([row["sharpness"] for row in rows])))
