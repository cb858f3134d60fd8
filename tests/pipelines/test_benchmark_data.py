"""The benchmark of the data stages, and with it that memory does not grow with the set."""

from __future__ import annotations

import warnings

import pytest

from pipelines.benchmarks.data import measure_stages


@pytest.mark.long
def test_memory_is_flat_when_the_set_grows() -> None:
    with warnings.catch_warnings():
        # Some modules of Great Expectations use what Python 3.11 deprecates.
        warnings.simplefilter("ignore")
        # The first round loads what stays in this process.
        _, small, large = (measure_stages(count, 48) for count in (25, 25, 250))
    assert list(small) == ["acquire", "prepare", "split", "validate"]
    for stage, (seconds, mebibytes) in large.items():
        assert seconds > 0
        assert mebibytes < small[stage][1] + 80, stage
