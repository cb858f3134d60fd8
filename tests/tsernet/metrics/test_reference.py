"""Our measures against PySODMetrics', image by image: what published figures are computed with."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tsernet.metrics.measures import measure_map

sod = pytest.importorskip("py_sod_metrics")
SHAPE = (17, 21)


def _theirs(saliency, mask):
    handlers = {
        "f": sod.FmeasureHandler(with_dynamic=True, with_adaptive=True, beta=0.3),
        "precision": sod.PrecisionHandler(with_dynamic=True, with_adaptive=False),
        "recall": sod.RecallHandler(with_dynamic=True, with_adaptive=False),
        "iou": sod.IOUHandler(with_dynamic=True, with_adaptive=False, with_binary=True),
    }
    mae, s, e, weighted, curves = sod.MAE(), sod.Smeasure(), sod.Emeasure(), sod.WeightedFmeasure(), sod.FmeasureV2(handlers)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the mean of an empty quarter
        for metric in (mae, s, e, weighted, curves):
            metric.step(saliency, mask)
    em, results = e.get_results()["em"], curves.get_results()
    return {
        "s_measure": s.get_results()["sm"],
        "mae": mae.get_results()["mae"],
        "adaptive_e_measure": em["adp"],
        "adaptive_f_measure": results["f"]["adaptive"],
        "weighted_f_measure": weighted.get_results()["wfm"],
        "iou": results["iou"]["binary"],
        # The library counts down from 255.
        "e_curve": em["curve"][::-1],
        "f_curve": results["f"]["dynamic"][::-1],
        "precision": results["precision"]["dynamic"][::-1],
        "recall": results["recall"]["dynamic"][::-1],
        "iou_curve": results["iou"]["dynamic"][::-1],
    }


def _assert_equal(saliency, mask):
    ours = measure_map("one", saliency, mask)
    for key, expected in _theirs(saliency, mask).items():
        if key == "s_measure" and math.isnan(expected):
            continue  # theirs alone: test_a_defect_in_the_last_row_gives_no_nan_where_the_library_does
        assert getattr(ours, key) == pytest.approx(expected, abs=1e-12), key


_truths = arrays(np.bool_, SHAPE, fill=st.just(False))


@given(arrays(np.uint8, SHAPE), _truths)
@example(np.full(SHAPE, 77, np.uint8), np.tri(*SHAPE) > 0)
@example(np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, bool))
@example(np.arange(357, dtype=np.uint8).reshape(SHAPE), np.ones(SHAPE, bool))
@settings(deadline=None, max_examples=60)
def test_any_pair_measures_what_the_library_says(saliency, truth):
    _assert_equal(saliency, (truth * 255).astype(np.uint8))


@given(_truths, arrays(np.bool_, SHAPE, fill=st.just(False)), st.integers(1, 255))
@settings(deadline=None, max_examples=60)
def test_maps_that_are_mostly_0_measure_what_the_library_says(truth, spots, value):
    """Of these weighted F sees a part only."""
    _assert_equal(np.where(spots, value, 0).astype(np.uint8), (truth * 255).astype(np.uint8))


def test_a_defect_in_the_last_row_gives_no_nan_where_the_library_does():
    mask = np.zeros(SHAPE, np.uint8)
    mask[-1, 3:8] = 255
    saliency = np.where(mask, 200, 10).astype(np.uint8)
    assert math.isnan(_theirs(saliency, mask)["s_measure"]), "the library was mended: the docs may say so"
    assert 0.9 < measure_map("one", saliency, mask).s_measure <= 1
