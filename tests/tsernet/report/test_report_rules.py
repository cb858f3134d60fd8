"""The rules and statistics behind the report, on cases whose answer is known."""

import numpy as np
import pytest

from tsernet.metrics import score_folder
from tsernet.report import failures
from tsernet.report.bootstrap import paired_bootstrap
from tsernet.report.calibration import reliability
from tsernet.report.detection import detect, detection_table
from tsernet.report.evaluations import load_evaluations, over_seeds
from tsernet.report.failures import find_failures
from tsernet.report.subgroups import defect_contrast, group_table


def _blank(*boxes, shape=(60, 60), value=True):
    image = np.zeros(shape, type(value) if isinstance(value, bool) else np.uint8)
    for top, bottom, left, right in boxes:
        image[top:bottom, left:right] = value
    return image


def test_a_tiny_defect_is_missed_when_hardly_any_of_it_is_found():
    truth = _blank((5, 45, 5, 25), (50, 53, 50, 54))
    large_alone = _blank((5, 45, 5, 25), value=255)
    both = _blank((5, 45, 5, 25), (50, 53, 50, 54), value=255)
    assert failures.tiny_missed(truth, large_alone) == (1, "1 of 1 tiny defects missed, the largest of 12 pixels")
    assert failures.tiny_missed(truth, both)[0] == 0
    # A large defect that is missed is a failure of another kind.
    assert failures.tiny_missed(_blank((5, 45, 5, 25)), np.zeros((60, 60), np.uint8))[0] == 0
    assert failures.tiny_missed(_blank(), large_alone)[0] == 0


def test_neighbours_are_merged_when_one_region_covers_both():
    truth = _blank((5, 45, 5, 25), (5, 45, 28, 50))
    assert failures.merged(truth, _blank((5, 45, 5, 50), value=255)) == (1, "2 defects in the mask, 1 region in the map")
    assert failures.merged(truth, _blank((5, 45, 5, 25), (5, 45, 28, 50), value=255))[0] == 0
    # One of two missed leaves fewer regions too, but merges nothing.
    assert failures.merged(truth, _blank((5, 45, 5, 25), value=255))[0] == 0
    assert failures.merged(truth, np.zeros((60, 60), np.uint8))[0] == 0


def test_a_thin_sure_rim_is_a_possible_label_error_and_nothing_else_is():
    truth = _blank((15, 45, 15, 45))
    wider = _blank((13, 47, 13, 47), value=255)
    severity, words = failures.border_only(truth, wider)
    assert severity == pytest.approx((34 * 34 - 900) / 116)
    assert "256 pixels differ along a border of 116" in words
    unsure = _blank((13, 47, 13, 47), value=140)
    unsure[15:45, 15:45] = 255
    elsewhere = wider.copy()
    elsewhere[52:58, 2:12] = 255
    for saliency in (unsure, elsewhere, _blank((15, 45, 15, 45), value=255), _blank((15, 45, 25, 45), value=255)):
        assert failures.border_only(truth, saliency)[0] == 0
    assert failures.border_only(_blank(), wider)[0] == 0


def test_failures_are_sorted_by_kind_and_severity():
    masks = {name: _blank((5, 45, 5, 20), (5, 45, 30, 50), value=255) for name in "abc"}
    maps = {"a": _blank((5, 45, 5, 50), value=255), "b": np.zeros((60, 60), np.uint8), "c": masks["c"]}
    found = find_failures("abc", [0.6, 0.2, 0.9], [0.5, 0.0, 1.0], masks.__getitem__, maps.__getitem__, worst=2)
    assert [(one.kind, one.name) for one in found] == [("worst", "b"), ("worst", "a"), ("merged", "a")]


def test_the_bootstrap_finds_a_real_difference_and_none_where_there_is_none(made_up):
    found = load_evaluations(made_up.inputs.evaluations, made_up.inputs.variants, [0, 1]).by_variant
    worse = paired_bootstrap(found["no_subnet"], found["full"], "s_measure", 500)
    assert worse.value == pytest.approx(over_seeds(found["no_subnet"], "s_measure").mean - over_seeds(found["full"], "s_measure").mean)
    assert worse.low <= worse.value <= worse.high < 0
    assert worse.p == pytest.approx(2 / 501)
    same = paired_bootstrap(found["full"], found["full"], "max_f_measure", 500)
    assert (same.value, same.low, same.high, same.p) == (0, 0, 0, 1)


def test_the_bootstrap_of_max_f_seeks_the_peak_in_every_seed(made_up):
    found = load_evaluations(made_up.inputs.evaluations, made_up.inputs.variants, [0, 1]).by_variant
    for measure in ("max_f_measure", "max_e_measure"):
        difference = paired_bootstrap(found["no_efbi"], found["full"], measure, 100)
        means = [over_seeds(found[variant], measure).mean for variant in ("no_efbi", "full")]
        # Curves are kept in single precision.
        assert difference.value == pytest.approx(means[0] - means[1], abs=1e-6)


def test_the_bootstrap_refuses_other_images(made_up):
    found = load_evaluations(made_up.inputs.evaluations, made_up.inputs.variants, [0, 1]).by_variant
    one = found["full"][0]
    other = type(one)(**{key: getattr(one, key) for key in one.__slots__} | {"names": one.names[::-1]})
    with pytest.raises(ValueError, match="expected the images of"):
        paired_bootstrap([other], [one], "mae", 100)


def test_groups_average_their_own_images(made_up):
    full = load_evaluations(made_up.inputs.evaluations, ["full"], [0]).by_variant["full"][0]
    table = group_table(full, {name: float(place) for place, name in enumerate(full.names)})
    rows = {(row.values["kind"], row.values["group"]): row.values for row in table.rows}
    patches = [name for name in full.names if name.startswith("pa")]
    alone = score_folder(full.folder / "maps", made_up.root / "prepared/masks", patches, workers=1)
    row = rows["class", "patch"]
    assert row["count"] == 4
    for key in ("s_measure", "mae", "weighted_f_measure", "iou", "max_f_measure", "max_e_measure"):
        assert row[key] == pytest.approx(getattr(alone, key), abs=1e-6), key
    for kind in ("class", "defect size", "contrast"):
        assert sum(values["count"] for (of, _), values in rows.items() if of == kind) == 12


def test_contrast_is_the_difference_of_mean_brightness():
    mask = _blank((0, 30, 0, 60), value=255)
    assert defect_contrast(np.where(mask, 90, 140).astype(np.uint8), mask) == 50
    assert defect_contrast(mask, np.zeros_like(mask)) == 0


def test_reliability_of_a_map_that_is_always_right_half_the_time():
    histograms = np.zeros((1, 2, 256), np.int64)
    histograms[0, :, 128] = 50
    found = reliability(histograms)
    assert found.values == pytest.approx([128 / 255])
    assert found.shares == pytest.approx([0.5])
    assert found.weights == pytest.approx([1])
    assert found.error == pytest.approx(abs(128 / 255 - 0.5))
    with pytest.raises(ValueError, match="divide 256"):
        reliability(histograms, bins=10)


def test_defects_are_found_missed_and_falsely_marked_region_by_region():
    mask, saliency = np.zeros((40, 40), np.uint8), np.zeros((40, 40), np.uint8)
    mask[2:6, 2:6], mask[20:30, 20:30], mask[35:38, 2:12] = 255, 255, 255
    saliency[2:6, 2:6] = 255  # found whole
    saliency[20:22, 20:24] = 200  # 8 of 100 pixels: missed
    saliency[35:38, 2:5] = 128  # 9 of 30: found
    saliency[10:12, 30:33] = 255  # touches nothing
    saliency[12, 33] = 130  # of the same region, by its corner
    one = detect("a", "scratch", mask, saliency)
    assert (one.defects, one.found, one.missed, one.false_regions, one.false_pixels) == (3, 2, 1, 1, 7)
    assert one.ground_pixels == 1600 - 16 - 100 - 30
    clean = detect("b", "clean", np.zeros_like(mask), np.zeros_like(mask))
    assert (clean.defects, clean.found, clean.false_regions) == (0, 0, 0)
    values = detection_table([one, clean]).rows[-1].values
    assert (values["class"], values["found"], values["missed"], values["images_with_false"]) == ("all", 2, 1, 1)
