"""The mean step of a training whose inputs change their size."""

from __future__ import annotations

import pytest

from tsernet.training.pace import mean_step


def test_each_size_counts_by_its_steps() -> None:
    # A pause of a minute, and a step of each size: the median of all steps would be 1.0.
    assert mean_step({64: [1.0, 1.0, 61.0], 96: [3.0, 3.0]}, {64: 800, 96: 400}) == pytest.approx((800 * 1.0 + 400 * 3.0) / 1200)


def test_a_size_that_was_not_measured_leaves_it_open() -> None:
    assert mean_step({96: [3.0]}, {64: 800, 96: 400}) is None
    assert mean_step({}, {}) is None
