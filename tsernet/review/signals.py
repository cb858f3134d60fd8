"""What makes an image worth looking at, each as a number in [0, 1]."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

_BAND = 1.0
"""Half the width of the band around the operating point, logits: from saliency 0.27 to 0.73 around 0.5."""

Map = NDArray[np.uint8]
Marked = NDArray[np.bool_]


@dataclass(frozen=True)
class Signals:
    """The signals of an image, each in [0, 1]; 0 also where one is not known.

    Attributes:
        uncertainty: How much what is marked depends on where exactly the operating point is.
        disagreement: How far champion and challenger mark different things.
        drift: How far the image's figures lie outside those of the training images.
        label_error: How likely its mask is wrong, of an image that has one.
    """

    uncertainty: float = 0.0
    disagreement: float = 0.0
    drift: float = 0.0
    label_error: float = 0.0

    @property
    def worth(self) -> float:
        """All of them together, in [0, 1]: as of independent chances that looking at it changes something."""
        return 1.0 - float(np.prod([1.0 - getattr(self, name) for name in SIGNALS]))

    @property
    def strongest(self) -> str:
        """The name of the largest; the first of equals."""
        return max(SIGNALS, key=lambda name: float(getattr(self, name)))


SIGNALS = tuple(field.name for field in fields(Signals))


def uncertainty(saliency: Map, level: int, min_area: float = 1.0) -> float:
    """Measure how much of what is marked comes and goes as the threshold moves along the operating point.

    Args:
        saliency: The map, uint8 (H, W).
        level: The operating point, the least marked value, 1…255.
        min_area: Of a defect, pixels: it damps what a few pixels do to a clean image.
    Returns:
        1 − (sure + min_area) / (possible + min_area): of the pixels that a lower threshold marks (`possible`), the share that a higher one
        does not (`sure` are those it does), in [0, 1).
    """
    low, high = band_of(level)
    possible, sure = int((saliency >= low).sum()), int((saliency >= high).sum())
    return 1.0 - (sure + min_area) / (possible + min_area)


def band_of(level: int) -> tuple[int, int]:
    """Give the two thresholds on either side of an operating point, as far from it in logits; each 1…255.

    Args:
        level: 1…255.
    """
    share = min(max(level / 255.0, 1e-3), 1.0 - 1e-3)
    logit = np.log(share / (1.0 - share))
    low, high = (255.0 / (1.0 + np.exp(-(logit + side * _BAND))) for side in (-1.0, 1.0))
    return min(max(round(low), 1), level), max(min(round(high), 255), level)


def disagreement(one: Marked, other: Marked, min_area: float = 1.0) -> float:
    """Measure how far two models mark different pixels of an image.

    Args:
        one, other: What each marks at its own operating point, (H, W).
        min_area: Of a defect, pixels; it damps what a few pixels do.
    Returns:
        1 − IoU, with `min_area` added to intersection and union, in [0, 1); 0 where neither marks anything.
    """
    both, either = int((one & other).sum()), int((one | other).sum())
    return 1.0 - (both + min_area) / (either + min_area)
