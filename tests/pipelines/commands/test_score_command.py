"""`tsernet score` as a user sees it."""

import csv
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from pipelines.commands import score
from tsernet.errors import CheckError

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
    result = run(MADE_UP / "maps", MADE_UP / "masks", "--per-image", tmp_path / "each.csv", "--pr-curve", tmp_path / "pr.csv")
    assert result.exit_code == 0
    assert f"{KNOWN['s_measure']:.4f}" in result.stdout
    rows = list(csv.DictReader((tmp_path / "each.csv").read_text().splitlines()))
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
