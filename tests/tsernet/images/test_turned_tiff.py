"""A TIFF whose orientation swaps its sides is decoded the same from its path as from its bytes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from tsernet.images.decode import decode
from tsernet.images.tiff import upright


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_uncompressed_grey_tiff_is_turned_and_not_sheared(orientation: int, tmp_path: Path) -> None:
    stored = (np.arange(40 * 60).reshape(40, 60) % 251).astype(np.uint8)
    path = tmp_path / "camera.tif"
    tifffile.imwrite(path, stored, extratags=[(274, 3, 1, orientation, True)])
    wanted = upright(stored, orientation)
    np.testing.assert_array_equal(decode(path).pixels, wanted)
    np.testing.assert_array_equal(decode(path.read_bytes()).pixels, wanted)
