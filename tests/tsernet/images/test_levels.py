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
    counting = CountingLevels(Levels(0, 255))
    assert (counting.describe_clipped(), counting.describe_dark()) == (None, None)


def test_levels_too_wide_for_the_camera_are_said_but_for_a_hot_pixel_in_a_thousand() -> None:
    counting, fitting = CountingLevels(Levels(0, 65535)), CountingLevels(Levels(0, 4095))
    strip = np.linspace(0, 4095, 2000).astype(np.uint16)
    for levels in (counting, fitting):
        levels.apply(strip)
    assert (counting.describe_clipped(), fitting.describe_dark()) == (None, None)
    assert str(counting.describe_dark()).startswith("100.0% of the samples lie below 16384, a quarter of the way")
    strip[:2] = 65535
    counting.apply(strip)
    assert counting.describe_dark() is not None
    counting.apply(np.full(10, 65535, dtype=np.uint16))
    assert counting.describe_dark() is None
