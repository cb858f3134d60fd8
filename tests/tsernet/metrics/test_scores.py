"""What must hold of scores whatever the maps."""

import math
import warnings

import numpy as np
import py_sod_metrics as sod
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsernet.metrics import MEASURES, mask_digest, score_pairs

KEYS = [measure.key for measure in MEASURES]
SHAPE = (24, 20)


def _pairs(count=5, seed=0):
    generator = np.random.default_rng(seed)
    pairs = []
    for number in range(count):
        mask = np.zeros(SHAPE, np.uint8)
        top, left = generator.integers(0, 12, 2)
        mask[top : top + 8, left : left + 6] = 255
        saliency = np.clip(mask * 0.6 + generator.normal(50, 40, SHAPE), 0, 255).astype(np.uint8)
        pairs.append((f"p{number}", saliency, mask))
    return pairs


def test_the_mean_of_every_column_is_the_datasets_figure():
    scores = score_pairs(_pairs())
    for key in KEYS:
        assert np.mean([getattr(row, key) for row in scores.per_image]) == pytest.approx(getattr(scores, key), abs=1e-12)
    assert scores.max_f_measure == pytest.approx(scores.curves.f_measure.max(), abs=1e-12)
    assert scores.max_e_measure == pytest.approx(scores.curves.e_measure.max(), abs=1e-12)


@given(st.permutations(range(5)))
@settings(deadline=None, max_examples=15)
def test_the_order_of_files_changes_nothing(order):
    pairs = _pairs()
    one, other = score_pairs(pairs), score_pairs([pairs[place] for place in order])
    assert one.measures() == other.measures()
    assert one.per_image == other.per_image
    assert one.masks_digest == other.masks_digest


def test_a_perfect_map_scores_one():
    scores = score_pairs((name, mask, mask) for name, _, mask in _pairs())
    # The library divides E by pixels less one, so that perfection is a little over 1.
    pixels = SHAPE[0] * SHAPE[1]
    # At threshold 0 everything counts as defect, which pulls the means over thresholds down.
    for key in ("s_measure", "max_f_measure", "adaptive_f_measure", "weighted_f_measure", "iou"):
        assert getattr(scores, key) == pytest.approx(1, abs=1e-9), key
    assert scores.max_e_measure == pytest.approx(pixels / (pixels - 1), abs=1e-9)
    assert scores.mae == 0


@pytest.mark.parametrize("mask_value", [0, 255])
@pytest.mark.parametrize("map_value", [0, 128, 255, None])
def test_empty_and_full_masks_give_no_nan(mask_value, map_value):
    mask = np.full(SHAPE, mask_value, np.uint8)
    saliency = np.random.default_rng(1).integers(0, 256, SHAPE, np.uint8) if map_value is None else np.full(SHAPE, map_value, np.uint8)
    scores = score_pairs([("one", saliency, mask)])
    assert all(math.isfinite(value) for value in scores.measures().values())
    for curve in (scores.curves.precision, scores.curves.recall, scores.curves.f_measure, scores.curves.e_measure, scores.curves.iou):
        assert np.isfinite(curve).all()


def test_what_an_empty_and_a_full_mask_return():
    empty, full = np.zeros(SHAPE, np.uint8), np.full(SHAPE, 255, np.uint8)
    nothing_found = score_pairs([("one", empty, empty)])
    assert (nothing_found.s_measure, nothing_found.mae) == (1, 0)
    assert (nothing_found.max_f_measure, nothing_found.weighted_f_measure, nothing_found.iou) == (0, 0, 0)
    all_found = score_pairs([("one", full, full)])
    assert (all_found.s_measure, all_found.mae, all_found.iou, all_found.max_f_measure) == pytest.approx((1, 0, 1, 1))


def test_a_defect_in_the_last_row_gives_no_nan_where_the_library_does():
    mask = np.zeros(SHAPE, np.uint8)
    mask[-1, 3:8] = 255
    saliency = np.where(mask, 200, 10).astype(np.uint8)
    theirs = sod.Smeasure()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.step(saliency, mask)
    assert math.isnan(theirs.get_results()["sm"]), "the library was mended: our subclass can go"
    assert 0.9 < score_pairs([("one", saliency, mask)]).s_measure <= 1


@given(arrays(np.uint8, (9, 7)), arrays(np.bool_, (9, 7)))
@settings(deadline=None, max_examples=60)
def test_any_map_and_mask_give_finite_scores(saliency, truth):
    scores = score_pairs([("one", saliency, (truth * 255).astype(np.uint8))])
    assert all(math.isfinite(value) for value in scores.measures().values())
    assert scores.histograms.sum() == saliency.size


def test_names_may_not_repeat_and_shapes_must_fit():
    (_, saliency, mask), *_ = _pairs()
    with pytest.raises(ValueError, match="'a' twice"):
        score_pairs([("a", saliency, mask), ("a", saliency, mask)])
    with pytest.raises(ValueError, match=r"\(24, 20\) and \(24, 19\)"):
        score_pairs([("a", saliency, mask[:, 1:])])
    with pytest.raises(ValueError, match="expected uint8, got float64"):
        score_pairs([("a", saliency / 255, mask)])
    with pytest.raises(ValueError, match="at least one map"):
        score_pairs([])


def test_a_masks_digest_is_its_content():
    mask = np.zeros((4, 6), np.uint8)
    mask[1, 2] = 255
    other = mask.copy()
    other[1, 3] = 255
    assert mask_digest(mask) == mask_digest(mask // 255 * 200)
    assert mask_digest(mask) != mask_digest(other)
    assert mask_digest(mask) != mask_digest(mask.reshape(6, 4))


def _sparse_pair(truth, spots, value):
    saliency = np.zeros(truth.shape, np.uint8)
    saliency[spots] = value
    return saliency, (truth * 255).astype(np.uint8)


@given(arrays(np.bool_, (17, 21), fill=st.just(False)), arrays(np.bool_, (17, 21), fill=st.just(False)), st.integers(1, 255))
@settings(deadline=None, max_examples=150)
def test_weighted_f_of_the_part_that_counts_is_that_of_the_whole(truth, spots, value):
    saliency, mask = _sparse_pair(truth, spots, value)
    theirs = sod.WeightedFmeasure()
    theirs.step(saliency, mask)
    assert score_pairs([("one", saliency, mask)]).weighted_f_measure == pytest.approx(theirs.get_results()["wfm"], abs=1e-12)
