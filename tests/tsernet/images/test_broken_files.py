"""Files with bytes changed by chance: each is an image or refused by an ImageError, never anything else."""

from __future__ import annotations

import io
import random
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from steel import png_of, steel

from tsernet.images import tiff
from tsernet.images.decode import decode
from tsernet.images.errors import ImageError


def tiff_of(pixels: NDArray[Any], **options: Any) -> bytes:
    """A TIFF of pixels."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


GREY = steel(48, 64)
SEEDS = {
    "png": png_of(GREY),
    "tiff": tiff_of(GREY),
    "lzw": tiff_of(np.repeat(GREY[..., None], 3, axis=2), compression="lzw", photometric="rgb"),
    "deep": tiff_of(GREY.astype(np.uint16) * 16, compression="deflate", predictor=True, tile=(32, 32)),
}


@pytest.mark.parametrize("name", SEEDS)
def test_changed_bytes_are_an_image_or_refused(name: str) -> None:
    chance = random.Random(5)
    seed, refused = SEEDS[name], 0
    for _ in range(250):
        data = bytearray(seed)
        for _ in range(chance.choice((1, 2, 8))):
            # The head of a PNG, and tifffile's tags, are where a change means most.
            data[chance.randrange(min(len(data), chance.choice((400, 10**9))))] = chance.choice((0, 255, chance.randrange(256)))
        try:
            decode(bytes(data), 1_000_000)
        except ImageError:
            refused += 1
    assert 10 < refused < 250


def test_one_bit_with_white_as_zero_is_the_same_by_both_decoders() -> None:
    data = tiff_of(GREY > 128, photometric="miniswhite")
    pixels, bits = tiff.read_samples(data)
    assert bits == 1
    assert np.array_equal(pixels, decode(data).pixels)
