"""The table of equal budget: what other methods reach and cost beside TSERNet, and what their full widths would."""

import csv
import json

import pytest
from report_world import CLASSES, World, inputs_of, make_world

from tsernet.report import Cost

NAMES = sorted(f"{kind[:2]}_{number}" for number in range(4) for kind in CLASSES)
COSTS = {
    "full": Cost(0.125, 2_980_000, 1_000_000_000, 189_640_000, 66_000_000_000, 20.0, 1500, (0.3, 0.5)),
    "unet": Cost(0.322, 3_010_000, 1_260_000_000, 28_950_000, 12_600_000_000, 10.0, 1500, (0.2,)),
    "samnet": Cost(1.0, 1_330_129, 73_000_000, 1_330_129, 73_000_000, 4.0, 1500),
}


def table(out, name):
    return {row["name"]: row for row in csv.DictReader((out / f"tables/{name}.csv").read_text().splitlines())}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report on TSERNet and U-Net with two seeds each, and SAMNet, which was not evaluated."""
    root = tmp_path_factory.mktemp("methods")
    world = make_world(root, [("full", 0, 60), ("full", 1, 64), ("unet", 0, 5), ("unet", 1, 6)])
    return world.build(root / "report", variants=tuple(COSTS), costs=COSTS, size=128, comparable=True)


def test_all_that_was_trained_alike_stands_side_by_side_with_what_it_costs(report):
    rows = table(report, "equal_budget")
    assert list(rows) == ["TSERNet", "U-Net", "SAMNet"]
    scores = [json.loads((report.parent / f"evaluate/unet/{seed}/metrics.json").read_text())["max_f_measure"] for seed in (0, 1)]
    assert float(rows["U-Net"]["max_f_measure"]) == pytest.approx(sum(scores) / 2)
    assert float(rows["U-Net"]["max_f_measure_sd"]) == pytest.approx(abs(scores[0] - scores[1]) / 2**0.5)
    assert (rows["U-Net"]["seeds"], float(rows["U-Net"]["parameters"]), float(rows["U-Net"]["macs"])) == ("2", 3.01, 1.26)
    assert float(rows["TSERNet"]["minutes"]) == pytest.approx(1500 * 0.4 / 60)
    assert (rows["SAMNet"]["s_measure"], rows["SAMNet"]["minutes"]) == ("missing", "")


def test_the_full_widths_are_reckoned_from_the_narrow_steps(report):
    rows = table(report, "full_width")
    assert float(rows["U-Net"]["step_seconds"]) == pytest.approx(2.0)
    assert float(rows["U-Net"]["hours"]) == pytest.approx(2.0 * 1500 / 3600)
    assert (rows["U-Net"]["published"], float(rows["SAMNet"]["published"])) == ("", 1.33)
    assert rows["SAMNet"]["step_seconds"] == ""


def test_the_pages_hold_the_tables_and_no_gaps_of_ablations(report):
    for page in ("report.html", "report.md"):
        text = (report / page).read_text()
        assert "Equal budget: the methods" in text
        assert "On paper: what the full widths would cost" in text
        assert "Paired bootstrap against the full model" in text
        assert "Table II:" not in text
        assert "Of 1 other methods, trained alike, 1 reach a higher max F and 0 a lower one" in text
        assert "Taking parts away" not in text


def test_the_report_is_about_what_is_registered(report):
    """Of the same evaluations, with U-Net registered: it stands first, TSERNet is tested against it, and Table II stays TSERNet's."""
    world = World(report.parent, inputs_of(report.parent, NAMES, [0, 1], 200, "SD-saliency-900", comparable=True))
    out = world.build(report.parent / "unet", variants=tuple(COSTS), costs=COSTS, size=128, registered="unet")
    tested = table(out, "bootstrap")
    assert list(tested) == ["TSERNet", "SAMNet"]
    assert float(tested["TSERNet"]["max_f_measure"]) == pytest.approx(-float(table(report, "bootstrap")["U-Net"]["max_f_measure"]))
    parts = [{name: row["measured_s_measure"] for name, row in table(one, "table_2").items()} for one in (out, report)]
    assert parts[0] == parts[1]
    page, card = (out / "report.html").read_text(), (out / "model_card.md").read_text()
    assert "<h1>U-Net on SD-saliency-900</h1>" in page
    assert "Paired bootstrap against U-Net" in page
    assert "U-Net reaches max F" in page
    assert "Of 1 other methods, trained alike, 0 reach a higher max F and 1 a lower one" in page
    assert "full model" not in page
    assert card.startswith("# Model card: U-Net\n")
    assert "Variant: `unet`, seed 0" in card
    first = json.loads((report.parent / "evaluate/unet/0/metrics.json").read_text())
    assert f"| {first['s_measure']:.4f} |" in card
    assert "Han" not in card


def test_variants_alone_have_no_such_table(made_up, tmp_path):
    out = made_up.build(tmp_path / "report")
    assert not (out / "tables/equal_budget.csv").exists()
    assert "Equal budget" not in (out / "report.html").read_text()
