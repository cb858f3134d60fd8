"""The report as files: what it holds, what it refuses, and that a gap stays a gap."""

import csv
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from tsernet.errors import CheckError, UserError


def _table(out, name):
    return list(csv.DictReader((out / f"tables/{name}.csv").read_text().splitlines()))


def test_every_file_is_there_and_the_page_needs_no_other(made_up, tmp_path):
    out = made_up.build(tmp_path / "report")
    for name in (
        "report.html",
        "report.md",
        "model_card.md",
        "summary.json",
        "figures/pr_curves.svg",
        "figures/pr_curves.png",
        "figures/comparison.png",
    ):
        assert (out / name).stat().st_size > 0, name
    for table in ("table_1", "table_2", "table_3", "bootstrap", "thresholds", "groups", "failures"):
        assert (out / f"tables/{table}.csv").exists()
        assert (out / f"tables/{table}.tex").read_text().count("\\\\") == len(_table(out, table)) + 1
    page = (out / "report.html").read_text()
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert sources
    assert all(source.startswith(("data:", "#")) for source in sources)
    linked = re.findall(r"\]\(([^)]*)\)", (out / "report.md").read_text())
    assert linked
    assert all((out / link).exists() for link in linked)


def test_table_one_has_the_papers_rows_ours_and_the_baselines(made_up, tmp_path):
    rows = _table(made_up.build(tmp_path / "report"), "table_1")
    assert len(rows) == 23 + 8 + 2
    assert rows[22]["name"] == "TSERNet"
    assert float(rows[22]["published_max_f_measure"]) == 0.888
    assert {row["name"] for row in rows[-2:]} == {"constant map", "inverted brightness"}
    assert all(float(row["measured_max_f_measure"]) > 0 for row in rows[-2:])


def test_no_difference_to_the_paper_is_given_on_other_images(made_up, tmp_path):
    other = _table(made_up.build(tmp_path / "other"), "table_1")
    assert not any(key.startswith("difference_") for key in other[0])
    assert other[23]["published_s_measure"] == ""
    ours = _table(made_up.build(tmp_path / "same", comparable=True), "table_1")[23]
    assert float(ours["difference_s_measure"]) == pytest.approx(float(ours["measured_s_measure"]) - 0.886)


def test_on_other_images_what_is_found_comes_first_and_the_papers_table_folds_away(made_up, tmp_path):
    own = (made_up.build(tmp_path / "own") / "report.html").read_text()
    assert own.index('id="found"') < own.index('id="measured"') < own.index("<details>") < own.index('id="table_1"')
    assert "defects found" in own[: own.index("<nav")]
    short = own[own.index('id="short"') : own.index('id="found"')]
    assert re.search(r"Of 24 defects \d+ are found and \d+ missed; \d+ regions that touch no defect are marked, on \d+ of the 12", short)
    same = (made_up.build(tmp_path / "same", comparable=True) / "report.html").read_text()
    assert same.index('id="table_1"') < same.index('id="found"')
    assert "for orientation" not in same


def test_one_model_on_other_images_stands_among_no_gaps(made_up, tmp_path):
    out = made_up.build(tmp_path / "own", variants=("full",))
    for page in ("report.html", "report.md"):
        text = (out / page).read_text()
        assert "Table II" not in text
        assert "missing<" not in text
        assert "| missing |" not in text
    assert "In short" in text
    assert "comparison.png" in text


def test_a_variant_that_was_not_evaluated_is_missing_everywhere(made_up, tmp_path):
    out = made_up.build(tmp_path / "report")
    row = next(row for row in _table(out, "table_3") if row["name"] == "w/o FIG")
    assert {row[key] for key in row if key.startswith("measured_") and not key.endswith("_sd")} == {"missing"}
    assert float(row["published_s_measure"]) == 0.876
    assert next(row for row in _table(out, "bootstrap") if row["name"] == "w/o FIG")["s_measure"] == "missing"
    assert json.loads((out / "summary.json").read_text())["missing_variants"] == ["no_erm", "no_fig", "no_big", "no_self_edge"]
    assert "Not evaluated, and shown as missing: w/o ERM, w/o FIG" in (out / "report.html").read_text()


def test_without_the_full_model_the_rest_is_still_reported(made_up, tmp_path):
    shutil.rmtree(made_up.root / "evaluate/full")
    out = made_up.build(tmp_path / "report")
    assert _table(out, "table_1")[23]["measured_s_measure"] == "missing"
    assert {row["s_measure"] for row in _table(out, "bootstrap")} == {"missing"}
    assert "was not evaluated" in (out / "model_card.md").read_text()


def test_seeds_give_mean_and_standard_deviation(made_up, tmp_path):
    out = made_up.build(tmp_path / "report")
    figures = [json.loads((made_up.root / f"evaluate/full/{seed}/metrics.json").read_text())["s_measure"] for seed in (0, 1)]
    row = _table(out, "table_2")[0]
    assert row["seeds"] == "2"
    assert float(row["measured_s_measure"]) == pytest.approx(np.mean(figures))
    assert float(row["measured_s_measure_sd"]) == pytest.approx(np.std(figures, ddof=1))
    assert " ± " in (out / "report.md").read_text()


def test_masks_that_changed_between_evaluations_are_refused_with_both_digests(made_up, tmp_path):
    path = made_up.root / "evaluate/no_efbi/0/metrics.json"
    metrics = json.loads(path.read_text())
    right = metrics["masks_digest"]
    path.write_text(json.dumps(metrics | {"masks_digest": "f" * 64}))
    with pytest.raises(CheckError, match="masks changed") as refused:
        made_up.build(tmp_path / "report")
    assert right in str(refused.value)
    assert "f" * 64 in str(refused.value)
    assert "\n" not in str(refused.value)


def test_masks_that_changed_since_the_evaluations_are_refused(made_up, tmp_path):
    path = made_up.root / "prepared/masks/in_0.png"
    mask = np.array(Image.open(path))
    mask[0, 0] = 255
    Image.fromarray(mask).save(path)
    with pytest.raises(CheckError, match="masks changed"):
        made_up.build(tmp_path / "report")


def test_published_maps_must_be_there_and_whole(made_up, tmp_path):
    with pytest.raises(UserError, match=r"compare\.published\.Other: expected a folder"):
        made_up.build(tmp_path / "report", published={"Other": tmp_path / "nowhere"})
    maps = tmp_path / "maps"
    shutil.copytree(made_up.root / "evaluate/full/0/maps", maps)
    (maps / "in_0.png").unlink()
    with pytest.raises(CheckError, match="in_0"):
        made_up.build(tmp_path / "report", published={"Other": maps})


def test_an_evaluation_that_cannot_be_read_is_named(made_up, tmp_path):
    (made_up.root / "evaluate/full/0/pr_curve.csv").unlink()
    with pytest.raises(UserError, match=r"evaluate/full/0: expected what evaluate writes"):
        made_up.build(tmp_path / "report")


def test_the_same_inputs_give_the_same_bytes(made_up, tmp_path):
    one, other = made_up.build(tmp_path / "one"), made_up.build(tmp_path / "other")
    for path in one.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (other / path.relative_to(one)).read_bytes(), path.name


@pytest.mark.slow
def test_the_real_reports_figures_are_the_papers(real_report):
    rows = {row["name"]: row for row in _table(real_report, "table_1")}
    for name in ("TSERNet", "BC", "TSERNet (ours)"):
        for key in ("s_measure", "mae", "max_e_measure", "max_f_measure"):
            assert abs(float(rows[name][f"difference_{key}"])) < 5e-4, (name, key)
    kinds = {row["kind"] for row in _table(real_report, "failures")}
    assert len(kinds) == 4
