"""What the predictor asks of whatever runs the network."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tsernet.devices import available_cores

Array = NDArray[np.float32]

SIZE_MULTIPLE = 32
"""Of the height and width of the network's input."""

LEAST_RANGE = 1e-3
"""A map that varies by less has nothing to say, and is stretched by no more than this would be: what filled its range would be rounding
errors, which differ from one processor to the next. A trained network's maps vary by nearly 1."""


class Session(Protocol):
    """A network ready to run.

    Attributes:
        callers: So many threads may call it at once.
        gives_features: Whether it was built with the encoder's features, and has any: then `logits_and_features` may be called.
    """

    callers: int
    gives_features: bool = False

    def logits(self, inputs: Array) -> Array:
        """Run the network.

        Args:
            inputs: Scaled images, float32, (B, 3, H, W), H and W multiples of 32.
        Returns:
            Saliency logits, float32, (B, 1, H, W).
        """
        ...

    def logits_and_features(self, inputs: Array) -> tuple[Array, Array]:
        """Run a network that gives its features.

        Args:
            inputs: As for `logits`.
        Returns:
            The logits; and the encoder's deepest features, their means over each image, float32 (B, C).
        Raises:
            TypeError: If it gives none.
        """
        raise TypeError(f"{type(self).__name__} gives no features; `gives_features` says so")

    def finish(self, logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """Turn logits into maps at the images' own sizes.

        Args:
            logits: As `logits` returns them.
            sizes: Height and width of each map, pixels.
            stretch: Whether each map is stretched to [0, 1] by its own minimum and maximum before it is resized.
        Returns:
            float32 in [0, 1], one (H, W) for each size, resized bilinearly (align_corners=False, no antialiasing).
        """
        ...

    def maps(self, inputs: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """Run the network and turn its answer into maps: `logits`, then `finish`."""
        return self.finish(self.logits(inputs), sizes, stretch)


def wanted_threads() -> int:
    """Say how many threads OMP_NUM_THREADS asks for; 0 where it says nothing."""
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return int(threads) if threads.isdecimal() else 0


def threads_each(callers: int) -> int:
    """Share the cores, or as many of them as OMP_NUM_THREADS says, among so many callers; 0 leaves one caller's to the runtime."""
    return wanted_threads() if callers == 1 else max(1, (wanted_threads() or available_cores()) // callers)


def require_inputs(shape: Sequence[int]) -> None:
    """Refuse what is no input of a network, by its shape.

    Raises:
        ValueError: If the shape is another than (B, 3, H, W) with H and W multiples of 32; the message gives it.
    """
    if len(shape) != 4 or shape[1] != 3 or shape[2] % SIZE_MULTIPLE or shape[3] % SIZE_MULTIPLE or 0 in shape:
        raise ValueError(f"image must be (B, 3, H, W) with H and W multiples of {SIZE_MULTIPLE}, got {tuple(shape)}")
