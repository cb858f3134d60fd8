"""The curve, the rules that choose a point on it, and the calibration."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from tsernet.config import Operate
from tsernet.errors import UserError
from tsernet.operating import ImageCurve, choose, curve_of, fit_calibration, image_figures, measure_image
from tsernet.operating.curve import LEVELS


def image(level: int, *, defect: bool = True, false_level: int = 0) -> ImageCurve:
    """A map that shows its defect at one level and a false spot at another."""
    mask, saliency = np.zeros((100, 100), dtype=np.uint8), np.zeros((100, 100), dtype=np.uint8)
    if defect:
        mask[20:40, 20:40] = 255
        saliency[20:40, 20:40] = level
    saliency[70:80, 70:80] = false_level
    return measure_image("one", saliency, mask, 40)


def test_a_point_by_each_rule() -> None:
    images = [image(200), image(150), image(100), image(0, defect=False, false_level=60), image(0, defect=False, false_level=120)]
    recall = choose(images, Operate(rule="recall", at_least=1.0))
    assert 97 / 255 < recall.threshold < 100 / 255
    assert 60 < choose(images, Operate(rule="cost", miss=50.0, false_alarm=1.0)).threshold * 255 < 100
    assert 120 < choose(images, Operate(rule="cost", miss=1.0, false_alarm=50.0)).threshold * 255 < 150
    assert 119 < choose(images, Operate(rule="false_alarms", per_megapixel=0.0)).threshold * 255 < 125
    assert choose(images, Operate()).threshold == 0.5


def test_a_rule_that_cannot_choose_names_its_key() -> None:
    with pytest.raises(UserError, match=r"operate\.rule: false_alarms needs clean images"):
        choose([image(200)], Operate(rule="false_alarms"))
    with pytest.raises(UserError, match=r"operate\.rule: recall .*empty"):
        choose([], Operate(rule="recall"))
    with pytest.raises(UserError, match=r"operate\.at_least"):
        choose([image(0)], Operate(rule="recall", at_least=1.0))


def test_the_curve_counts_defects_and_false_components() -> None:
    curve = curve_of([image(200), image(100), image(0, defect=False, false_level=150)])
    at = {int(level): place for place, level in enumerate(curve.levels)}
    assert curve.found[at[1]] == 1.0
    assert curve.found[at[148]] == 0.5
    assert curve.found[at[240]] == 0.0
    assert curve.per_megapixel[at[148]] == pytest.approx(1e6 / (2 * 9600 + 10000))
    assert (curve.marked_clean[at[148]], curve.marked_clean[at[200]]) == (1.0, 0.0)


def test_a_map_of_many_values_is_counted_at_each_threshold_as_if_it_were_alone() -> None:
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.normal(size=(90, 120)), 4)
    saliency = ((smooth - smooth.min()) / np.ptp(smooth) * 230).astype(np.uint8)
    saliency[saliency > 150] &= 0xF0  # values between thresholds are missing
    mask = (ndimage.gaussian_filter(rng.normal(size=(90, 120)), 4) > 0.1).astype(np.uint8)
    found = measure_image("one", saliency, mask, 12)
    whole = np.ones((3, 3))
    defects, count = ndimage.label(mask, whole)
    for place, level in enumerate(LEVELS):
        groups, number = ndimage.label(saliency >= level, whole)
        large = [group for group in range(1, number + 1) if (groups == group).sum() >= 12]
        kept = np.isin(groups, large)
        assert found.marked[place] == bool(large)
        assert found.false_components[place] == sum(not mask[groups == group].any() for group in large)
        areas = [((defects == one).sum(), kept[defects == one].sum()) for one in range(1, count + 1)]
        # The two libraries number the defects in different orders.
        assert sorted(zip(found.sizes, found.found[place], strict=True)) == sorted((size, hits >= 0.1 * size) for size, hits in areas)


def test_images_told_apart() -> None:
    figures = image_figures([image(200), image(100), image(0, defect=False, false_level=150)])
    assert figures["image_auroc"] == pytest.approx(0.5)
    assert figures["false_alarms_at_99"] == 1.0
    assert set(image_figures([image(200)]).values()) == {None}


def test_small_groups_mark_nothing() -> None:
    saliency, mask = np.zeros((50, 50), dtype=np.uint8), np.zeros((50, 50), dtype=np.uint8)
    saliency[5:10, 5:10] = 255
    assert not measure_image("spot", saliency, mask, 26).marked.any()
    assert measure_image("spot", saliency, mask, 25).marked.all()


def test_calibration_finds_the_scale_that_made_the_pixels() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 3, (400, 400)).astype(np.float32)
    mask: NDArray[np.uint8] = (rng.random((400, 400)) < 1 / (1 + np.exp(-(0.5 * logits - 1.0)))).astype(np.uint8)
    found = fit_calibration([(logits, mask)])
    assert found.scale == pytest.approx(0.5, abs=0.02)
    assert found.offset == pytest.approx(-1.0, abs=0.05)
    assert fit_calibration([(logits, np.zeros_like(mask))]).scale == 1.0
