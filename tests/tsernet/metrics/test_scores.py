"""What must hold of scores whatever the maps."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsernet.metrics import MEASURES, mask_digest, score_pairs
from tsernet.metrics.measures import measure_map

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
    # E is divided by pixels less one, so that perfection is a little over 1.
    pixels = SHAPE[0] * SHAPE[1]
    # At threshold 0 everything counts as defect, which pulls the means over thresholds down.
    for key in ("s_measure", "max_f_measure", "adaptive_f_measure", "weighted_f_measure", "iou"):
        assert getattr(scores, key) == pytest.approx(1, abs=1e-9), key
    assert scores.max_e_measure == pytest.approx(pixels / (pixels - 1), abs=1e-9)
    assert scores.mae == 0


@pytest.mark.parametrize("mask_value", [0, 255])
@pytest.mark.parametrize("map_value", [0, 128, 255, None])
def test_one_uniform_mask_gives_no_nan(mask_value, map_value):
    mask = np.full(SHAPE, mask_value, np.uint8)
    saliency = np.random.default_rng(1).integers(0, 256, SHAPE, np.uint8) if map_value is None else np.full(SHAPE, map_value, np.uint8)
    measured = measure_map("one", saliency, mask)
    figures = (measured.s_measure, measured.mae, measured.adaptive_e_measure, measured.weighted_f_measure, measured.iou)
    assert np.isfinite(figures).all()
    for curve in (measured.precision, measured.recall, measured.f_curve, measured.e_curve, measured.iou_curve):
        assert np.isfinite(curve).all()


def test_clean_and_full_masks_are_scored_apart():
    empty, full = np.zeros(SHAPE, np.uint8), np.full(SHAPE, 255, np.uint8)
    speck = empty.copy()
    speck[:2, :3] = 200
    pairs = _pairs()
    ordinary = score_pairs(pairs)

    scores = score_pairs([*pairs, ("clean1", empty, empty), ("clean2", speck, empty), ("full1", full, full), ("full2", 255 - speck, full)])

    # What the paper's measures say of the others is not touched.
    for measure in MEASURES:
        assert getattr(scores, measure.key) == getattr(ordinary, measure.key)
    assert (scores.count, len(scores.per_image), len(scores.f_curves)) == (ordinary.count,) * 3
    share = 6 / empty.size
    for kind in (scores.clean, scores.full):
        assert (kind.count, kind.with_any) == (2, 0.5)
        assert kind.wrong_area == pytest.approx(share / 2)
        assert kind.mae == pytest.approx(share * 200 / 255 / 2)
    assert scores.clean.names == ("clean1", "clean2")
    assert scores.measures() | {"clean_count": 2, "full_count": 2, "clean_with_any": 0.5} == scores.measures()


def test_clean_images_alone_have_no_score_that_is_not_defined():
    """Not F 0 for a perfect, empty map, and no E above 1."""
    empty = np.zeros(SHAPE, np.uint8)
    figures = score_pairs([("one", empty, empty)]).measures()
    assert figures["count"] == 0
    assert {figures[measure.key] for measure in MEASURES} == {None}
    assert (figures["clean_count"], figures["clean_wrong_area"], figures["clean_with_any"], figures["clean_mae"]) == (1, 0, 0, 0)


@given(arrays(np.uint8, (9, 7)), arrays(np.bool_, (9, 7)))
@settings(deadline=None, max_examples=60)
def test_any_map_and_mask_give_finite_scores(saliency, truth):
    scores = score_pairs([("one", saliency, (truth * 255).astype(np.uint8))])
    assert all(value is None or math.isfinite(value) for value in scores.measures().values())
    assert scores.count + (scores.clean is not None) + (scores.full is not None) == 1
    assert scores.histograms.sum() == saliency.size * scores.count


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
