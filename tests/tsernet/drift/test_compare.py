"""The comparison keeps its rate of false alarms, and names what moved."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from tsernet.drift import compare, fit_projection
from tsernet.drift.charts import distributions, in_time

RATE = 0.1


def sample(rng: np.random.Generator, count: int) -> dict[str, NDArray[np.float64]]:
    """Columns that hang together, one of few values, one that is nearly always 0."""
    common = rng.normal(size=count)
    few, rare = rng.integers(0, 3, count).astype(float), (rng.random(count) < 0.01).astype(float)
    return {"a": common, "b": common + 0.3 * rng.normal(size=count), "few": few, "rare": rare, "one": np.ones(count)}


def test_the_distance_is_scipys_also_where_values_repeat() -> None:
    rng = np.random.default_rng(0)
    reference, window = sample(rng, 150), sample(rng, 40)
    for found in compare(reference, window, RATE, deals=99):
        assert found.distance == pytest.approx(ks_2samp(reference[found.key], window[found.key]).statistic, abs=1e-12)


def test_one_window_in_ten_alarms_where_one_in_ten_may() -> None:
    rng = np.random.default_rng(1)
    alarms = sum(any(one.moved for one in compare(sample(rng, 80), sample(rng, 30), RATE, deals=99, seed=number)) for number in range(300))
    # 300 windows at a tenth: 30, with a deviation of 5.2.
    assert 15 <= alarms <= 45


def test_what_moved_is_named_and_lies_beyond_its_limit() -> None:
    rng = np.random.default_rng(2)
    window = sample(rng, 60)
    window["b"] += 1.5
    found = {one.key: one for one in compare(sample(rng, 200), window, 0.01)}
    assert [key for key, one in found.items() if one.moved] == ["b"]
    assert found["b"].distance > found["b"].limit
    assert all(one.distance < one.limit for key, one in found.items() if key not in ("b", "one"))
    assert found["one"].chance == 1.0


def test_a_value_that_the_reference_happens_to_lack_is_no_alarm() -> None:
    rng = np.random.default_rng(3)
    window = {"rare": np.eye(1, 50)[0]}
    (found,) = compare({"rare": np.zeros(200)}, window, 0.05, seed=int(rng.integers(9)))
    assert not found.moved


@pytest.mark.parametrize(
    ("reference", "window", "rate", "said"),
    [
        ({"a": np.zeros(3)}, {"b": np.zeros(3)}, RATE, r"expected \['a'\]"),
        ({"a": np.zeros(3)}, {"a": np.zeros(0)}, RATE, "3 and 0 images"),
        ({"a": np.zeros(3)}, {"a": np.array([np.nan])}, RATE, "finite"),
        ({"a": np.zeros(3)}, {"a": np.zeros(3)}, 0.0, "rate"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    reference: dict[str, NDArray[np.float64]], window: dict[str, NDArray[np.float64]], rate: float, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        compare(reference, window, rate)


def test_features_become_a_few_columns_and_a_rest() -> None:
    rng = np.random.default_rng(4)
    features = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 12))
    features[:, 5] = 7.0  # switched off
    projection = fit_projection(features)
    columns = projection.columns(features)
    assert list(columns) == ["feature_1", "feature_2", "feature_3", "feature_4", "feature_rest"]
    assert columns["feature_1"].std() > columns["feature_2"].std() > columns["feature_3"].std()
    assert columns["feature_rest"].max() < 1e-6
    odd = features[:1] + rng.normal(size=(1, 12))
    assert projection.columns(odd)["feature_rest"][0] > 0.1
    with pytest.raises(ValueError, match=r"must be \(N, 12\)"):
        projection.columns(features[:, :5])


def test_charts_hold_every_image_and_survive_one_value() -> None:
    values = np.linspace(0, 1, 30)
    assert in_time(values, values[:7]).count("<circle") == 7
    assert "NaN" not in distributions(np.zeros(5), np.zeros(5)) + in_time(np.zeros(5), np.zeros(5))
