"""What is worth a person's time: each signal where its answer is known, and a choice without near duplicates."""

from __future__ import annotations

import numpy as np
import pytest

from tsernet.review import Signals, choose, descriptor, disagreement, drift, reference_of, uncertainty
from tsernet.review.signals import band_of


def _blob(inside: int, rim: int, faint: int = 0) -> np.ndarray:
    """A square of 20×20 in a rim of 2 pixels, on a ground."""
    saliency = np.full((64, 64), faint, dtype=np.uint8)
    saliency[18:42, 18:42], saliency[20:40, 20:40] = rim, inside
    return saliency


def test_uncertain_is_what_a_shift_of_the_threshold_changes() -> None:
    sure, soft, torn = _blob(255, 0), _blob(255, 128), _blob(140, 140)
    assert uncertainty(sure, 128, 40) == 0.0
    assert uncertainty(soft, 128, 40) == pytest.approx(1 - (400 + 40) / (576 + 40))
    assert uncertainty(torn, 128, 40) == pytest.approx(1 - 40 / (576 + 40))
    assert uncertainty(np.zeros((64, 64), np.uint8), 128, 40) == 0.0
    speck = np.zeros((64, 64), np.uint8)
    speck[0, :4] = 140
    assert uncertainty(speck, 128, 40) < 0.1  # four pixels are no defect


def test_the_band_lies_around_the_operating_point_wherever_that_is() -> None:
    assert band_of(128) == (69, 187)
    for level in (1, 2, 128, 254, 255):
        low, high = band_of(level)
        assert 1 <= low <= level <= high <= 255
    assert band_of(242)[1] < 255  # equal steps of the map's values would leave the range here


def test_disagreement_is_one_less_the_overlap() -> None:
    one, other = _blob(255, 0) > 0, np.zeros((64, 64), bool)
    assert disagreement(one, one) == 0.0
    assert disagreement(other, other) == 0.0
    assert disagreement(one, other, 40) == pytest.approx(1 - 40 / 440)


def test_drift_names_the_column_and_is_silent_within_the_usual() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {"brightness": float(one), "sharpness": float(two)}
        for one, two in zip(rng.normal(0.5, 0.02, 200), rng.lognormal(5, 0.3, 200), strict=True)
    ]
    reference = reference_of(rows)
    assert np.mean([drift(row, reference)[0] > 0 for row in rows]) < 0.05
    darker = {key: value * (0.7 if key == "brightness" else 1.0) for key, value in rows[0].items()}
    score, column = drift(darker, reference)
    assert column == "brightness"
    assert 0.3 < score < 1.0
    assert drift({"other": 3.0}, reference) == (0.0, "")
    assert drift({"clipped": 0.009}, reference_of([{"clipped": 0.0}] * 5))[0] == 0.0
    assert drift({"clipped": 0.5}, reference_of([{"clipped": 0.0}] * 5))[0] > 0.9


def test_signals_together_are_worth_more_than_each() -> None:
    signals = Signals(uncertainty=0.5, drift=0.5)
    assert (signals.worth, signals.strongest) == (0.75, "uncertainty")
    assert Signals().worth == 0.0


def test_fifty_near_duplicates_are_not_chosen_fifty_times() -> None:
    rng = np.random.default_rng(1)
    kinds = [rng.integers(0, 255, (48, 48), dtype=np.uint8) for _ in range(6)]
    empty = np.zeros((48, 48), dtype=np.uint8)
    images = [np.clip(kinds[0] + rng.normal(0, 3, (48, 48)), 0, 255).astype(np.uint8) for _ in range(50)] + kinds[1:]
    worth = [0.9] * 50 + [0.4] * 5

    chosen = choose(worth, [descriptor(image, empty) for image in images], 8)

    assert sorted(one.index for one in chosen if one.index >= 50) == list(range(50, 55))
    assert [one.index < 50 for one in chosen[:2]] == [True, False]
    assert chosen[0].nearest is None
    assert chosen[-1].likeness > 0.95
    assert len(choose(worth, [descriptor(image, empty) for image in images], 100)) == 55
    assert choose([], [], 5) == []


def test_a_flat_image_has_no_likeness() -> None:
    flat = np.full((40, 60), 80, np.uint8)
    assert not descriptor(flat, np.zeros_like(flat)).any()
    colour = np.stack([_blob(255, 0)] * 3, axis=-1)
    assert descriptor(colour, _blob(255, 0)) @ descriptor(_blob(255, 0), _blob(255, 0)) == pytest.approx(1.0)
