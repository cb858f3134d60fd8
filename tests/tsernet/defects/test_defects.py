"""Defects against an independent count, and their measures against drawn shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from tsernet.defects import Runs, find_defects, runs_of_rows


def of_map(saliency: NDArray[np.float32], least: float = 1.0, threshold: float = 0.5) -> list[object]:
    return list(find_defects(runs_of_rows(saliency, threshold), [saliency.shape[0]], saliency.shape[1], least))


@pytest.mark.parametrize("seed", range(8))
def test_number_areas_and_boxes_are_scipys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.normal(size=(180, 230)), rng.uniform(0.6, 6.0))
    saliency = ((field - field.min()) / (field.max() - field.min())).astype(np.float32)
    threshold = float(np.quantile(saliency, rng.uniform(0.4, 0.99)))
    labels, count = ndimage.label(saliency >= np.float32(threshold), structure=np.ones((3, 3)))
    found = find_defects(runs_of_rows(saliency, threshold), [180], 230)
    assert len(found) == count > 0
    boxes = ndimage.find_objects(labels)
    for number, one in enumerate(found, start=1):
        rows, columns = boxes[number - 1]
        defect, inside = one.defect, labels == number
        assert (defect.top, defect.bottom, defect.left, defect.right) == (rows.start, rows.stop, columns.start, columns.stop)
        assert defect.area == int(inside.sum())
        assert defect.mean == pytest.approx(float(saliency[inside].mean()), abs=1e-5)
        assert defect.peak == float(saliency[inside].max())
        assert defect.edge_distance == min(columns.start, 230 - columns.stop)


def test_runs_in_bands_are_the_runs_of_the_whole() -> None:
    saliency = np.random.default_rng(1).random((90, 70), dtype=np.float32)
    whole = runs_of_rows(saliency, 0.7)
    parts = Runs.join([runs_of_rows(saliency[top : top + 13], 0.7, top) for top in range(0, 90, 13)])
    assert all(np.array_equal(getattr(whole, key), getattr(parts, key)) for key in ("row", "begin", "end", "peak"))
    assert np.allclose(whole.total, parts.total)


@pytest.mark.parametrize("angle", [0, 7, 20, 33, 45, 58, 70, 83, 90, 128])
@pytest.mark.parametrize(("length", "width"), [(180.0, 24.0), (120.0, 40.0)])
@pytest.mark.parametrize("shape", ["line", "ellipse"])
def test_length_and_width_of_drawn_shapes(angle: int, length: float, width: float, shape: str) -> None:
    y, x = np.mgrid[0:260, 0:260].astype(float)
    turn = math.radians(angle)
    # Rows grow downwards: a positive angle rises to the right.
    along = (x - 130.3) * math.cos(turn) - (y - 129.6) * math.sin(turn)
    across = (x - 130.3) * math.sin(turn) + (y - 129.6) * math.cos(turn)
    if shape == "line":
        inside = (np.abs(along) <= length / 2) & (np.abs(across) <= width / 2)
    else:
        inside = (along / (length / 2)) ** 2 + (across / (width / 2)) ** 2 <= 1.0
    (one,) = find_defects(runs_of_rows(inside.astype(np.float32), 0.5), [260], 260)
    assert one.defect.length == pytest.approx(length, rel=0.03)
    assert one.defect.width == pytest.approx(width, rel=0.03)
    assert abs((one.defect.angle - angle + 90.0) % 180.0 - 90.0) < 1.0


def test_a_hairline_and_a_single_pixel() -> None:
    saliency = np.zeros((40, 200), dtype=np.float32)
    saliency[10, 20:170] = 1.0
    saliency[30, 5] = 0.8
    line, dot = find_defects(runs_of_rows(saliency, 0.5), [40], 200)
    assert (line.defect.area, round(line.defect.width, 1)) == (150, 1.0)
    assert line.defect.length == pytest.approx(150, rel=0.03)
    assert (dot.defect.area, dot.defect.edge_distance) == (1, 5)
    assert dot.defect.length < 2.0


def test_a_scratch_over_three_frames_is_one() -> None:
    frames = np.zeros((3, 50, 80), dtype=np.float32)
    frames[0, 20:, 30:33] = frames[1, :, 30:33] = frames[2, :15, 30:33] = 1.0
    frames[1, 10:14, 60:64] = 1.0
    runs = Runs.join([runs_of_rows(frame, 0.5, 50 * index) for index, frame in enumerate(frames)])
    scratch, spot = find_defects(runs, [50, 50, 50], 80)
    assert scratch.frames == (0, 1, 2)
    assert scratch.defect.length == pytest.approx(95, rel=0.03)
    assert spot.frames == (1,)
    assert spot.defect.top == 10
    assert len(of_map(frames[0])) == 1


def test_small_groups_are_no_defects_and_nothing_is_nothing() -> None:
    saliency = np.zeros((20, 20), dtype=np.float32)
    assert of_map(saliency) == []
    saliency[3, 3:6] = 1.0
    assert len(of_map(saliency, least=3)) == 1
    assert of_map(saliency, least=4) == []
