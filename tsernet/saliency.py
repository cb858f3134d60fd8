"""Images in, saliency maps out, by whichever protocol the model is of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tsernet.errors import UserError
from tsernet.flips import Flips
from tsernet.images.errors import ImageError
from tsernet.images.levels import Levels, Samples, levels_of, to_8bit
from tsernet.protocol import Protocol as ModelProtocol
from tsernet.protocol import protocol_of
from tsernet.runtimes import ExportedSession, Session
from tsernet.runtimes.flipped_session import flipped
from tsernet.tiles import RowSource, StripPredictor
from tsernet.tiles.grid import TileGrid
from tsernet.tiles.predictor import Band, Forward


class MapMaker(Protocol):
    """What makes maps.

    Attributes:
        levels: Bring images of more than 8 bits to 8; None for a model of 8-bit images.
        batch_size: Images that are read at once.
    """

    levels: Levels | None
    batch_size: int

    def predict(self, images: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """Make the maps of images: float32 in [0, 1], one (H, W) each."""
        ...


class StripMaps:
    """The strip's protocol: each image at the training's scale, in tiles where it is large, calibrated.

    Args:
        forward: The network.
        protocol: Of the model.
        levels: Of a model for more than 8 bits.
        pixel_scale: Training pixels per image pixel.
        grid: Of the tiles, in input pixels; the default is what measured well.
        calibrated: Whether what the network gives is saliency by this protocol already, not logits.
    """

    batch_size = 1  # an image is reason enough for a forward pass, and a large one for many

    def __init__(
        self,
        forward: Forward,
        protocol: ModelProtocol,
        *,
        levels: Levels | None = None,
        pixel_scale: float = 1.0,
        grid: TileGrid | None = None,
        calibrated: bool = False,
    ) -> None:
        self.levels, self.protocol, self.pixel_scale = levels, protocol, pixel_scale
        self._tiles = StripPredictor(forward, protocol, pixel_scale=pixel_scale, grid=grid, calibrated=calibrated)

    def predict(self, images: Sequence[Samples]) -> list[NDArray[np.float32]]:
        """Make the maps of images, one after the other.

        Raises:
            UserError: If an image has more than 8 bits and the model no levels.
        """
        try:
            return [self._tiles.predict(to_8bit(image, self.levels)) for image in images]
        except ImageError as error:
            raise UserError(f"an image {error.sentence}") from None

    def bands(self, source: RowSource, first: int = 0, forward: Forward | None = None) -> Iterator[Band]:
        """Make the map of an image row band by row band, as `StripPredictor.bands` does."""
        return self._tiles.bands(source, first, forward)

    def count(self, source: RowSource) -> int:
        """Say how many bands an image has."""
        return self._tiles.count(source)


def map_maker(
    session: Session | ExportedSession,
    metadata: Mapping[str, str],
    *,
    protocol: str | None = None,
    pixel_scale: float = 1.0,
    flips: Flips | None = None,
    batch_size: int = 4,
) -> MapMaker:
    """Make maps as a model's metadata says.

    Args:
        session: Runs the network.
        metadata: Of its file, or as a registered version says.
        protocol: `strip` or `paper`, instead of the model's own.
        pixel_scale: Training pixels per image pixel, for the strip's protocol.
        flips: The mirror images over which the logits are averaged, instead of the model's own.
        batch_size: Images in one forward pass, for the paper's protocol.
    Raises:
        UserError: If the metadata does not hold what the protocol needs, a scale is given to the paper's, which has none, or the
            network was exported for the other protocol or other flips.
    """
    from tsernet.inference import predictor_of

    metadata = metadata if flips is None else {**metadata, "flips": flips}
    found = protocol_of(metadata, protocol)
    if found.name == "paper":
        if isinstance(session, ExportedSession):
            session.require(found)
        if pixel_scale != 1.0:
            raise UserError(f"--pixel-scale {pixel_scale:g}: the paper's protocol resizes every image to one size; use --protocol strip")
        return predictor_of(session, metadata, batch_size=batch_size)
    if isinstance(session, ExportedSession):
        session.require(found)
        return StripMaps(session.saliency, found, levels=levels_of(metadata), pixel_scale=pixel_scale, calibrated=True)
    return StripMaps(flipped(session, found.flips).logits, found, levels=levels_of(metadata), pixel_scale=pixel_scale)
