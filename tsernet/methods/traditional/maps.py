"""The one interface of the methods that learn nothing."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tsernet.errors import UserError
from tsernet.images.errors import ImageError
from tsernet.images.levels import Levels, Samples, to_8bit

TRADITIONAL = {"bc": "BC", "2lsg": "2LSG", "smd": "SMD", "rcrr": "RCRR"}
"""Their names, and what Table I calls them."""
LARGEST = 1_000_000
"""Pixels of an image. BC holds every pair of superpixels, of 600 pixels each, so its memory grows with the square of this."""
_SMALLEST = 16
"""Pixels of a side: two border bands of eight. In less there is no middle that could stand out."""
_MODULES = {"2lsg": "two_layer"}


def saliency_map(name: str, image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Compute the map of an image, the same each time.

    Args:
        name: One of `TRADITIONAL`.
        image: uint8, (H, W) or (H, W, 3); colour is turned to grey.
    Returns:
        float32, (H, W), 0 to 1; all 0 where every pixel is the same or a side is under 16 pixels.
    Raises:
        ValueError: If there is none of that name, or the image is of another type or shape.
    """
    if name not in TRADITIONAL:
        raise ValueError(f"expected one of {', '.join(TRADITIONAL)}, got {name!r}")
    if image.dtype != np.uint8 or not (image.ndim == 2 or image.shape[2:] == (3,)):
        raise ValueError(f"expected uint8 of (H, W) or (H, W, 3), got {image.dtype} of {image.shape}")
    grey = image if image.ndim == 2 else np.asarray(Image.fromarray(image).convert("L"))
    if min(grey.shape) < _SMALLEST or grey.min() == grey.max():
        return np.zeros(grey.shape, dtype=np.float32)
    method = importlib.import_module(f"tsernet.methods.traditional.{_MODULES.get(name, name)}")
    return np.asarray(method.saliency(grey), dtype=np.float32)


class TraditionalMaps:
    """What makes maps (`tsernet.saliency.MapMaker`) by one of the methods.

    Args:
        name: One of `TRADITIONAL`.
    Raises:
        UserError: If there is none of that name.
    """

    batch_size = 1

    def __init__(self, name: str) -> None:
        if name not in TRADITIONAL:
            raise UserError(f"--method is {name!r}, expected one of: {', '.join(TRADITIONAL)}; networks are given by --model")
        self.name = name
        self.levels: Levels | None = None

    def predict(self, images: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """Make the maps of images, one after the other.

        Raises:
            UserError: If an image has more than 8 bits and there are no levels.
        """
        try:
            return [saliency_map(self.name, to_8bit(image, self.levels)) for image in images]
        except ImageError as error:
            raise UserError(f"an image {error.sentence}") from None
