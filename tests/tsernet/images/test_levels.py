"""Levels that count what they clip."""

from __future__ import annotations

import numpy as np

from tsernet.images.levels import CountingLevels, Levels


def test_the_share_outside_is_counted_over_all_pieces() -> None:
    plain = Levels(100, 3000)
    counting = CountingLevels(plain)
    dark, bright = np.full((4, 5), 99, dtype=np.uint16), np.full((4, 15), 3000, dtype=np.uint16)
    for piece in (dark, bright):
        assert np.array_equal(counting.apply(piece), plain.apply(piece))
    assert counting.describe_clipped() == "25.0% of the samples lie outside the levels 100,3000 and became black or white"
    assert counting.describe_clipped(bearable=0.25) is None


def test_where_nothing_was_brought_to_8_bits_nothing_is_said() -> None:
    assert CountingLevels(Levels(0, 255)).describe_clipped() is None
