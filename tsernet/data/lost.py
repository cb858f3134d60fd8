"""Defects that are gone before the network sees them: too small for the scale of the training."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage


class Lost(NamedTuple):
    """Of a mask's defects (8-connected regions) how many vanish, and how many there are."""

    lost: int
    defects: int


def lost_defects(mask: NDArray[np.uint8], size: tuple[int, int]) -> Lost:
    """Count the defects of which no pixel is left in the reduced mask that training is given.

    Args:
        mask: uint8, (H, W), anything but 0 is defect.
        size: Height and width to which training reduces the whole mask, pixels.
    """
    labels, count = ndimage.label(mask > 0, structure=np.ones((3, 3), dtype=int))
    # The nearest pixel, as `resize_mask` takes it: so the number of a region stands wherever one of its pixels was taken.
    kept = Image.fromarray(labels.astype(np.int32)).resize(size[::-1], Image.Resampling.NEAREST)
    return Lost(int(count) - int(np.count_nonzero(np.unique(np.asarray(kept)))), int(count))
