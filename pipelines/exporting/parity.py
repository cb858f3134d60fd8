"""The gate of an exported network: on real images, the maps that PyTorch gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsernet.errors import CheckError
from tsernet.wording import counted

if TYPE_CHECKING:
    from tsernet.images.levels import Samples
    from tsernet.saliency import MapMaker

TOLERANCE = 1.0 / 255.0
"""Of saliency, at the worst pixel: one grey level of a map."""


@dataclass(frozen=True)
class Parity:
    """How far the maps of an exported network are from PyTorch's.

    Attributes:
        images: So many were compared.
        largest: |Δ| of saliency at the worst pixel of all.
        worst: The image with that pixel.
    """

    images: int
    largest: float
    worst: str

    def figures(self) -> dict[str, Any]:
        """Give all by name, with the tolerance."""
        return {"images": self.images, "largest_difference": self.largest, "tolerance": TOLERANCE}

    def sentence(self) -> str:
        """Say all in words."""
        return f"on {counted(self.images, 'image')} its maps differ from PyTorch's by up to {self.largest:.6f}"

    def hold(self) -> None:
        """Check that no pixel is further off than `TOLERANCE`.

        Raises:
            CheckError: If one is; with the figures.
        """
        if not self.largest <= TOLERANCE:
            raise CheckError(f"not exported: {self.sentence()} ({self.worst}), allowed is {TOLERANCE:.6f} (1/255)")


def largest_difference(ours: MapMaker, theirs: MapMaker, image: Samples) -> float:
    """Give |Δ| of two maps of one image at the worst pixel; a map that is no number differs by more than anything."""
    found, expected = (maker.predict([image])[0] for maker in (ours, theirs))
    return float(np.nan_to_num(np.abs(found - expected), nan=np.inf).max())


def measure_parity(model: Path, exported: Path, metadata: dict[str, str], images: Sequence[Path]) -> Parity:
    """Hold an exported network against PyTorch, image by image.

    Args:
        model: The .safetensors file that it was made from.
        exported: The file as it was written; it is read as `tsernet predict` reads it.
        metadata: How the model is fed, the exported file's protocol included.
        images: Image files.
    """
    from tsernet.data.pixels import read_image
    from tsernet.runtimes import open_session
    from tsernet.runtimes.torch_session import open_torch
    from tsernet.saliency import map_maker

    theirs = map_maker(open_torch(model)[0], metadata)
    ours = map_maker(*open_session(exported))
    largest, worst = 0.0, str(images[0])
    for path in images:
        difference = largest_difference(ours, theirs, read_image(path, theirs.levels))
        if difference > largest:
            largest, worst = difference, str(path)
    return Parity(len(images), largest, worst)
