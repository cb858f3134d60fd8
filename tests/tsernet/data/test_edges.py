"""Edge maps against a definition written the slow way."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tsernet.data.edges import edge_map


@settings(max_examples=40, deadline=None)
@given(arrays.arrays(np.uint8, (9, 11), elements=st.sampled_from([0, 255])), st.sampled_from([3, 5]))
def test_an_edge_is_where_the_window_holds_both_values(mask: np.ndarray, width: int) -> None:
    reach = width // 2
    expected = np.zeros_like(mask)
    for row, column in np.ndindex(mask.shape):
        window = mask[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
        expected[row, column] = 255 if window.min() != window.max() else 0
    assert (edge_map(mask, width) == expected).all()


def test_the_frame_of_the_image_is_no_edge() -> None:
    assert not edge_map(np.full((8, 8), 255, dtype=np.uint8), 3).any()
    assert not edge_map(np.full((8, 8), 255, dtype=np.uint8), 1).any()


@pytest.mark.parametrize("width", [1, 2, 3, 4, 7])
def test_every_width_marks_something(width: int) -> None:
    mask = np.zeros((30, 30), dtype=np.uint8)
    mask[10:20, 10:20] = 255
    line = edge_map(mask, width)[15]
    assert (line > 0).sum() == 2 * max(width - 1, 1)


def test_wrong_shapes_and_widths_are_named() -> None:
    with pytest.raises(ValueError, match=r"\(4, 4, 3\)"):
        edge_map(np.zeros((4, 4, 3), dtype=np.uint8))
    with pytest.raises(ValueError, match="got 0"):
        edge_map(np.zeros((4, 4), dtype=np.uint8), 0)
