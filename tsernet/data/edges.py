"""Edge maps out of masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def edge_map(mask: NDArray[np.uint8], width: int = 3) -> NDArray[np.uint8]:
    """Mark the border of a mask by its morphological gradient.

    The paper's edge files were never published; this is the default of architecture.md. The frame of the image is no
    border of a defect: what touches it continues beyond.

    Args:
        mask: (H, W), zero is ground, anything else defect.
        width: Side of the square structuring element in pixels; the line is about `width` - 1 pixels wide.
            At 1 the gradient would vanish, so there the defect's outermost pixels (4-neighbourhood) are taken.
    Returns:
        uint8 (H, W) of 0 and 255.
    Raises:
        ValueError: If the mask is not two-dimensional or the width is below 1.
    """
    from scipy import ndimage  # here: whoever only reads a manifest need not wait for it

    if mask.ndim != 2:
        raise ValueError(f"mask must be (H, W), got shape {mask.shape}")
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width}")
    defect = mask > 0
    if width == 1:
        border = defect & ~ndimage.binary_erosion(defect, border_value=1)
    else:
        border = ndimage.maximum_filter(defect, width, mode="nearest") & ~ndimage.minimum_filter(defect, width, mode="nearest")
    return np.where(border, 255, 0).astype(np.uint8)
