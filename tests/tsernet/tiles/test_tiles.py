"""Tiles: their weights, the bands they make, and images read by rows."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from scipy import ndimage

from tsernet.errors import UserError
from tsernet.images.levels import Levels
from tsernet.protocol import Calibration, Protocol, protocol_of
from tsernet.tiles import ArrayRows, StripPredictor, TileGrid, open_rows
from tsernet.tiles.rows import WINDOWED_FROM

STRIP = Protocol("strip", resize=160, window=200)


def local(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stand in for a network that sees sixteen pixels around: what tiles do to it must not show at all."""
    return np.stack([ndimage.gaussian_filter(one[:1] * 2.0, (0, 4, 4), truncate=4.0) for one in inputs]).astype(np.float32)


def noise(height: int, width: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)


@pytest.mark.parametrize(("length", "origin"), [(32, 0), (512, 0), (544, 0), (1024, 64), (3200, 0), (3232, 160)])
def test_weights_sum_to_one_everywhere(length: int, origin: int) -> None:
    grid = TileGrid(512, 128, origin)
    spans = grid.spans(length)
    total = np.zeros(length)
    for (begin, end), weight in zip(spans, grid.weights(spans), strict=True):
        total[begin:end] += weight
    assert np.allclose(total, 1.0, atol=1e-6)
    assert spans[0][0] == 0
    assert spans[-1][1] == length
    assert max(end - begin for begin, end in spans) <= 512


@pytest.mark.parametrize("origin", [0, 32, 96])
def test_tiles_give_what_one_piece_gives(origin: int) -> None:
    image = noise(700, 1300)
    whole = StripPredictor(local, STRIP, grid=TileGrid(2048, 128)).predict(image)
    tiled = StripPredictor(local, STRIP, grid=TileGrid(256, 64, origin)).predict(image)
    assert tiled.shape == image.shape
    assert float(np.abs(whole - tiled).max()) < 1e-5


def test_an_image_as_large_as_the_window_is_resized_as_in_training() -> None:
    from tsernet.data.pixels import resize_image, scale_image

    image = noise(200, 200)
    seen: list[NDArray[np.float32]] = []

    def remember(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        seen.append(inputs)
        return inputs[:, :1]

    StripPredictor(remember, STRIP).predict(image)
    assert len(seen) == 1
    assert np.array_equal(seen[0][0], scale_image(resize_image(image, 160), "unit"))


def test_bands_can_be_gone_on_with() -> None:
    predictor = StripPredictor(local, STRIP, grid=TileGrid(256, 64))
    source = ArrayRows(noise(900, 300))
    bands = list(predictor.bands(source))
    assert len(bands) == predictor.count(source) > 3
    assert [band.top for band in bands[1:]] == list(np.cumsum([len(band.saliency) for band in bands[:-1]]))
    for first in range(1, len(bands)):
        again = list(predictor.bands(source, first))
        assert [band.top for band in again] == [band.top for band in bands[first:]]
        assert all(np.array_equal(one.saliency, other.saliency) for one, other in zip(again, bands[first:], strict=True))


def test_calibration_is_a_sigmoid_without_overflow() -> None:
    logits = np.array([-1e6, -2.0, 0.0, 2.0, 1e6], dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        given = Calibration(0.5, 1.0).apply(logits)
    assert given == pytest.approx([0.0, 0.5, 1 / (1 + np.exp(-1.0)), 1 / (1 + np.exp(-2.0)), 1.0])


@pytest.mark.parametrize("scale", [0.0, 1000.0])
def test_a_scale_that_cannot_be_meant_is_refused(scale: float) -> None:
    with pytest.raises(UserError, match="--pixel-scale"):
        StripPredictor(local, STRIP, pixel_scale=scale)


def test_a_protocol_survives_its_metadata() -> None:
    given = Protocol("strip", 160, 200, pixel_mm=0.25, calibration=Calibration(0.9, -0.3))
    assert protocol_of(given.metadata()) == given
    assert protocol_of({"resize": "160", "scaling": "unit", "stretch": "true"}).name == "paper"
    with pytest.raises(UserError, match="window"):
        protocol_of({"resize": "160", "scaling": "unit", "stretch": "true"}, "strip")


@pytest.mark.parametrize("layout", [{}, {"tile": (256, 256), "compression": "deflate"}, {"rowsperstrip": 100, "compression": "lzw"}])
@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
def test_a_large_tiff_read_by_rows_is_what_it_is_as_a_whole(tmp_path: Path, layout: dict[str, object], photometric: str) -> None:
    height, width = 4100, WINDOWED_FROM // 4000
    image = (np.arange(height)[:, None] * 7 + np.arange(width)[None] * 3).astype(np.uint16) % 4096
    path = tmp_path / "wide.tif"
    tifffile.imwrite(path, image, photometric=photometric, **layout)  # type: ignore[arg-type]
    levels = Levels(0, 4095)
    expected = levels.apply(image if photometric == "minisblack" else 65535 - image)
    with open_rows(path, levels) as source:
        assert type(source).__name__ == "_TiffRows"
        assert (source.height, source.width) == image.shape
        for begin, end in ((0, 10), (95, 305), (4000, 4100)):
            assert np.array_equal(source.rows(begin, end), expected[begin:end])
    with pytest.raises(UserError, match="no levels"), open_rows(path):
        pass
    with pytest.raises(UserError, match="claims"), open_rows(path, levels, max_pixels=1000):
        pass
