"""Files that name an orientation, where Pillow's way to read them depends on how they are opened."""

from pathlib import Path

import numpy as np
import pytest
import tifffile

from tsernet.images.decode import decode


@pytest.mark.parametrize("orientation", [5, 6, 7, 8])
def test_an_uncompressed_tiff_that_lies_on_its_side_is_decoded_alike_from_a_path_and_from_bytes(orientation: int, tmp_path: Path) -> None:
    stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
    file = tmp_path / "side.tif"
    tifffile.imwrite(file, stored, photometric="minisblack", extratags=[(274, 3, 1, orientation, True)])
    upright = {5: stored.T, 6: np.rot90(stored, -1), 7: np.rot90(stored, 2).T, 8: np.rot90(stored)}[orientation]

    np.testing.assert_array_equal(decode(file).pixels, upright)
    np.testing.assert_array_equal(decode(file.read_bytes()).pixels, upright)
