"""Figures as pixels and files."""

import numpy as np
import pytest
from PIL import Image

from tsernet.figures import Line, Sheet, comparison_sheet, overlay, pr_plot, strip
from tsernet.figures.sheets import FALSE_ALARM, FOUND, MISSED


def test_the_overlay_tints_found_missed_and_false_alarm():
    image = np.full((2, 2), 100, np.uint8)
    mask = np.array([[255, 255], [0, 0]], np.uint8)
    saliency = np.array([[200, 10], [200, 10]], np.uint8)
    tinted = overlay(image, mask, saliency, strength=1)
    assert tinted.tolist() == [[list(FOUND), list(MISSED)], [list(FALSE_ALARM), [100, 100, 100]]]
    colour = np.zeros((2, 2, 3), np.uint8)
    assert overlay(colour, mask, saliency, strength=0).tolist() == colour.tolist()


def test_a_strip_fits_images_of_any_size():
    image = strip([np.zeros((30, 90), np.uint8), np.zeros((50, 20, 3), np.uint8)], side=60)
    assert image.size == (124, 60)
    assert image.getpixel((30, 5)) == (255, 255, 255)
    assert image.getpixel((30, 30)) == (0, 0, 0)


def test_a_sheet_has_a_place_for_every_map(tmp_path):
    black = np.zeros((20, 20), np.uint8)
    comparison_sheet(
        Sheet(("image", "a rather long title of a method"), (("row", (black, black)), ("row", (black, black)))), tmp_path / "s.png", 50
    )
    with Image.open(tmp_path / "s.png") as image:
        assert image.width == 26 + 2 * 54
        assert np.count_nonzero(np.asarray(image.convert("L")) == 0) >= 4 * 50 * 50


@pytest.mark.parametrize("count", [1, 20])
def test_the_pr_plot_draws_any_number_of_lines(tmp_path, count):
    levels = np.linspace(0, 1, 256)
    pr_plot([Line(f"method {place}", levels, levels[::-1], place < 12) for place in range(count)], tmp_path / "pr.svg")
    assert (tmp_path / "pr.svg").read_text().count("<path") > count
    assert (tmp_path / "pr.png").stat().st_size > 1000
