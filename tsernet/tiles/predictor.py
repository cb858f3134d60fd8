"""Saliency of an image of any size, row band by row band, at the training's scale."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tsernet.data.pixels import ImageArray, scale_image
from tsernet.protocol import Protocol, require_scale
from tsernet.tiles.grid import MULTIPLE, TileGrid
from tsernet.tiles.rows import ArrayRows, RowSource

Forward = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""The network: float32 (B, 3, H, W), H and W multiples of 32, to logits, or saliency in [0, 1], (B, 1, H, W)."""
SaliencyMap = NDArray[np.float32]

SIDE, MARGIN = 768, 128
"""Of a tile, in input pixels: measured, see docs/explanation/strip.md."""


class Band(NamedTuple):
    """Rows of a map: the first row's number, and float32 (rows, W) in [0, 1]."""

    top: int
    saliency: SaliencyMap


class StripPredictor:
    """Makes calibrated saliency maps of images of any size, in bounded memory.

    An image as small as the training's goes through in one piece. A larger one is cut into overlapping tiles; what a tile shows does not
    depend on the others.

    Args:
        forward: The network.
        protocol: Its `strip` protocol.
        pixel_scale: Training pixels per image pixel; 0.8 where an image pixel is smaller than a training pixel.
        grid: Of the tiles, in input pixels.
        calibrated: Whether `forward` gives saliency, calibrated, not logits.
    Raises:
        UserError: If the scale cannot be meant.
    """

    def __init__(
        self,
        forward: Forward,
        protocol: Protocol,
        *,
        pixel_scale: float = 1.0,
        grid: TileGrid | None = None,
        calibrated: bool = False,
    ) -> None:
        self._forward, self._protocol, self._calibrated = forward, protocol, calibrated
        self._factor = protocol.reduction * require_scale(pixel_scale)
        self._grid = grid or TileGrid(SIDE, MARGIN)

    def predict(self, image: ImageArray) -> SaliencyMap:
        """Predict the map of an image that is in memory.

        Args:
            image: uint8 (H, W) or (H, W, 3).
        Returns:
            float32 (H, W) in [0, 1].
        """
        return np.concatenate([band.saliency for band in self.bands(ArrayRows(image))])

    def bands(self, source: RowSource, first: int = 0, forward: Forward | None = None) -> Iterator[Band]:
        """Predict an image from top to bottom.

        Args:
            source: The image.
            first: Bands to leave out, which an earlier call gave.
            forward: The network for this image, for whoever looks on; else the predictor's own.
        Yields:
            Bands that follow one another without a gap; their number and heights depend on the image's size alone.
        """
        inputs, forward = _Inputs(source, self._factor), forward or self._forward
        tall = _Upright(inputs.height, source.height)
        rows, columns = (self._grid.spans(_whole(length)) for length in (inputs.height, inputs.width))
        row_weights, column_weights = self._grid.weights(rows), self._grid.weights(columns)
        wide = _Upright(inputs.width, source.width)
        # The saliency of the rows that the next tiles still add to begins at input row `base`.
        base, sums = 0, np.zeros((0, _whole(inputs.width)), dtype=np.float32)
        done = 0
        for index, (begin, end) in enumerate(rows):
            final = rows[index + 1][0] if index + 1 < len(rows) else end
            upto = source.height if index + 1 == len(rows) else tall.known_before(final)
            # The band before the first that is wanted reaches into it.
            if index >= first - 1:
                grown = np.zeros((end - base, sums.shape[1]), dtype=np.float32)
                grown[: len(sums)] = sums
                self._add_tiles(grown[begin - base :], inputs, (begin, end), columns, row_weights[index], column_weights, forward)
                if index >= first:
                    yield Band(done, tall.rows(done, upto, grown, base, wide))
                # One row more than is final: the next band's first rows are interpolated from it.
                keep = max(final - 1 - base, 0)
                base, sums = base + keep, grown[keep:]
            else:
                base = final
            done = upto

    def count(self, source: RowSource) -> int:
        """Say how many bands an image has."""
        return len(self._grid.spans(_whole(_reduced(source.height, self._factor))))

    def _add_tiles(
        self,
        sums: NDArray[np.float32],
        inputs: _Inputs,
        rows: tuple[int, int],
        columns: list[tuple[int, int]],
        row_weight: NDArray[np.float32],
        column_weights: list[NDArray[np.float32]],
        forward: Forward,
    ) -> None:
        """Put the tiles of a row through the network and add their weighted saliency to the sums, whose first row is the tiles'."""
        band = inputs.rows(*rows)
        # One tile at a time: it is large enough to keep all cores busy, and the memory is bounded by one.
        for (begin, end), weight in zip(columns, column_weights, strict=True):
            tile = scale_image(np.ascontiguousarray(band[:, begin:end]), self._protocol.scaling)
            saliency = forward(tile[None])
            if not self._calibrated:
                saliency = self._protocol.calibration.apply(saliency)
            sums[:, begin:end] += saliency[0, 0] * row_weight[:, None] * weight[None]


class _Inputs:
    """The image at the network's scale, by rows; mirrored at the bottom and the right to whole multiples of 32."""

    def __init__(self, source: RowSource, factor: float) -> None:
        self._source = source
        self.height, self.width = (_reduced(length, factor) for length in (source.height, source.width))

    def rows(self, begin: int, end: int) -> ImageArray:
        """Give input rows, uint8 (end - begin, W) or with 3 channels, W the padded width."""
        source, end_inside = self._source, min(end, self.height)
        ratio = source.height / self.height
        # Bilinear reduction looks a reduced pixel's width around; a row more on either side than it can need.
        reach = int(np.ceil(max(ratio, 1.0))) + 1
        top, bottom = max(int(begin * ratio) - reach, 0), min(int(np.ceil(end_inside * ratio)) + reach, source.height)
        piece = Image.fromarray(source.rows(top, bottom))
        box = (0.0, begin * ratio - top, float(source.width), min(end_inside * ratio - top, float(bottom - top)))
        reduced = np.asarray(piece.resize((self.width, end_inside - begin), Image.Resampling.BILINEAR, box=box))
        padding = [(0, end - end_inside), (0, _whole(self.width) - self.width), (0, 0)][: reduced.ndim]
        return np.pad(reduced, padding, mode="symmetric") if any(after for _, after in padding) else reduced


class _Upright:
    """Bilinear enlargement along one axis, pixel centres aligned as areas, in pieces.

    Args:
        small: Length of what is enlarged.
        large: Length of the result.
    """

    def __init__(self, small: int, large: int) -> None:
        place = ((np.arange(large) + 0.5) * (small / large) - 0.5).clip(0, small - 1)
        self._low = np.floor(place).astype(np.int64)
        self._high = np.minimum(self._low + 1, small - 1)
        self._share = (place - self._low).astype(np.float32)

    def known_before(self, final: int) -> int:
        """Count the leading results for which the first `final` inputs suffice."""
        return int(np.searchsorted(self._high, final))

    def rows(self, begin: int, end: int, sums: NDArray[np.float32], base: int, wide: _Upright) -> SaliencyMap:
        """Enlarge rows of a map, whose first row is input row `base`, to the results from `begin` to `end`, and their columns by `wide`."""
        low, high = sums[self._low[begin:end] - base], sums[self._high[begin:end] - base]
        tall = low + self._share[begin:end, None] * (high - low)
        left, right = tall[:, wide._low], tall[:, wide._high]
        saliency: SaliencyMap = np.clip(left + wide._share[None] * (right - left), 0.0, 1.0)
        return saliency


def _reduced(length: int, factor: float) -> int:
    return max(1, round(length * factor))


def _whole(length: int) -> int:
    return -(-length // MULTIPLE) * MULTIPLE
