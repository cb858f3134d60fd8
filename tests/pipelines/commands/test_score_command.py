"""`tsernet score` as a user sees it."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from pipelines.commands import score
from tsernet.errors import CheckError, UserError

MADE_UP = Path(__file__).parents[2] / "tsernet/metrics/made_up"
KNOWN = json.loads((MADE_UP / "known.json").read_text())


@pytest.fixture
def run():
    app = typer.Typer()
    score.register(app)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


def test_json_is_one_object_with_the_known_scores(run):
    result = run(MADE_UP / "maps", MADE_UP / "masks", "--json")
    assert result.exit_code == 0
    tree = json.loads(result.stdout)
    assert {key: tree[key] for key in KNOWN} == pytest.approx(KNOWN, abs=1e-12)
    assert (tree["missing"], tree["extra"], tree["resized"]) == ([], [], [])


def test_the_table_and_the_files(run, tmp_path):
    # The tables' folder is made: scoring may have taken long.
    result = run(MADE_UP / "maps", MADE_UP / "masks", "--per-image", tmp_path / "new/each.csv", "--pr-curve", tmp_path / "pr.csv")
    assert result.exit_code == 0
    assert f"{KNOWN['s_measure']:.4f}" in result.stdout
    rows = list(csv.DictReader((tmp_path / "new/each.csv").read_text().splitlines()))
    assert sum(float(row["mae"]) for row in rows) / len(rows) == pytest.approx(KNOWN["mae"])
    curve = list(csv.DictReader((tmp_path / "pr.csv").read_text().splitlines()))
    assert [row["threshold"] for row in curve] == [str(level) for level in range(256)]
    assert float(curve[0]["recall"]) == 1


def test_missing_maps_end_with_a_check_error_or_are_named(run, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("made_0\nmade_1\n")
    maps = tmp_path / "maps"
    maps.mkdir()
    (maps / "made_0.png").write_bytes((MADE_UP / "maps/made_0.png").read_bytes())
    assert isinstance(run(maps, MADE_UP / "masks", "--names", names).exception, CheckError)
    result = run(maps, MADE_UP / "masks", "--names", names, "--allow-missing")
    assert result.exit_code == 0
    assert "1 have no map: made_1" in result.stdout


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([0, 1], "holds 0 1, expected 0 for ground and 255 for defect; --mask-values nonzero"),
        ([0, 255, 30], "holds 0 30 255, expected 0 for ground and 255 for defect; --mask-threshold 128"),
        ([7, 7], "holds 7, expected 0"),
    ],
)
def test_a_mask_that_cannot_mean_what_it_says_is_named(run, tmp_path, values, named):
    """A perfect map against a 0/1 mask is no max F of 0."""
    mask = np.full((20, 20), values[0], np.uint8)
    mask[5:9, 5:9] = values[1]
    mask[0, 0] = values[-1] if len(values) > 2 else mask[0, 0]
    write(tmp_path / "masks/a.png", mask)
    write(tmp_path / "maps/a.png", np.where(mask == values[1], 255, 0).astype(np.uint8))

    error = run(tmp_path / "maps", tmp_path / "masks").exception

    assert isinstance(error, UserError)
    assert named in str(error)
    assert str(tmp_path / "masks/a.png") in str(error)
    if values == [0, 1]:
        result = run(tmp_path / "maps", tmp_path / "masks", "--mask-values", "nonzero", "--json")
        assert json.loads(result.stdout)["max_f_measure"] == pytest.approx(1)


def test_a_rule_of_masks_that_makes_no_sense_is_named_by_its_option(run):
    error = run(MADE_UP / "maps", MADE_UP / "masks", "--mask-values", "all").exception
    assert isinstance(error, UserError)
    assert str(error).startswith("--mask-values: expected binary, nonzero or")


def test_clean_images_are_counted_and_scored_apart(run, tmp_path):
    mask, empty = np.zeros((20, 20), np.uint8), np.zeros((20, 20), np.uint8)
    mask[5:9, 5:9] = 255
    speck = empty.copy()
    speck[:2, :2] = 200
    for name, truth, saliency in (("a", mask, mask), ("b", empty, empty), ("c", empty, speck)):
        write(tmp_path / f"masks/{name}.png", truth)
        write(tmp_path / f"maps/{name}.png", saliency)

    tree = json.loads(run(tmp_path / "maps", tmp_path / "masks", "--json").stdout)
    told = run(tmp_path / "maps", tmp_path / "masks", "--per-image", tmp_path / "each.csv").stdout

    assert (tree["count"], tree["max_f_measure"], tree["iou"]) == (1, pytest.approx(1), 1)
    assert (tree["clean_count"], tree["clean_wrong_area"], tree["clean_with_any"]) == (2, 0.005, 0.5)
    assert "1 map " in told
    assert "2 clean images, whose masks are empty, are not in the measures above: 0.5000% of the area marked" in told
    assert [row["name"] for row in csv.DictReader((tmp_path / "each.csv").read_text().splitlines())] == ["a"]


def write(path, pixels):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)
