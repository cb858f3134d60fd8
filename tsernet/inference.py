"""An image in, a saliency map out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tsernet.data.pixels import ImageArray, resize_image, scale_image
from tsernet.errors import UserError
from tsernet.flips import Flips, flips_of
from tsernet.images.errors import ImageError
from tsernet.images.levels import Levels, Samples, levels_of, to_8bit
from tsernet.runtimes import ExportedSession, Session, open_session
from tsernet.runtimes.flipped_session import flipped

SaliencyMap = NDArray[np.float32]


class Predictor:
    """Makes saliency maps at the images' own sizes.

    The whole image is resized to a square, the map is stretched to [0, 1] by its own minimum and maximum, as the
    paper's code does, and resized back bilinearly.

    Args:
        session: Runs the network: scaled images (B, 3, H, W) to maps. An exported one has the flips in it.
        resize: Side of the network's input, a multiple of 32, pixels.
        scaling: `unit` or `own_max`, as in training.
        stretch: Whether to stretch each map.
        flips: The mirror images over which the logits are averaged.
        batch_size: Images in one forward pass.
        levels: Bring images of more than 8 bits to 8; None for a model that was trained on 8-bit images.
    """

    def __init__(
        self,
        session: Session | ExportedSession,
        *,
        resize: int = 256,
        scaling: str = "unit",
        stretch: bool = True,
        flips: Flips = "none",
        batch_size: int = 4,
        levels: Levels | None = None,
    ) -> None:
        self.levels = levels
        self.session = session
        self.resize = resize
        self.scaling = scaling
        self.stretch = stretch
        self.flips: Flips = flips
        self.batch_size = batch_size

    def predict(self, images: Sequence[Samples]) -> list[SaliencyMap]:
        """Predict the saliency maps of images.

        Args:
            images: uint8 or, for a model with levels, uint16; each (H, W) or (H, W, 3), of any sizes.
        Returns:
            float32 in [0, 1], one (H, W) for each image.
        Raises:
            UserError: If an image has more than 8 bits and the model no levels.
        """
        return list(self.stream(images))

    def stream(self, images: Iterable[Samples]) -> Iterator[SaliencyMap]:
        """Like `predict`, one batch at a time, so that a long run of images needs no more memory than a short one."""
        rest = iter(images)
        while batch := list(islice(rest, self.batch_size)):
            yield from self._predict_batch(batch)

    def _predict_batch(self, samples: Sequence[Samples]) -> list[SaliencyMap]:
        images = [self._in_8_bits(one) for one in samples]
        inputs = np.stack([scale_image(resize_image(image, self.resize), self.scaling) for image in images])
        sizes = [(image.shape[0], image.shape[1]) for image in images]
        session = self.session if isinstance(self.session, ExportedSession) else flipped(self.session, self.flips)
        return session.maps(inputs, sizes, self.stretch)

    def _in_8_bits(self, samples: Samples) -> ImageArray:
        try:
            return to_8bit(samples, self.levels)
        except ImageError as error:
            raise UserError(f"an image {error.sentence}") from None


def to_uint8(saliency: SaliencyMap) -> ImageArray:
    """Round a saliency map in [0, 1] to 8 bits."""
    pixels: ImageArray = np.rint(saliency * 255.0).astype(np.uint8)
    return pixels


def load_predictor(path: Path, *, batch_size: int = 4, device: str = "cpu", runtime: str = "torch") -> Predictor:
    """Read a model file and the input size, scaling and stretch that it names.

    Args:
        path: A .safetensors file of this project.
        batch_size: Images in one forward pass.
        device: `cpu` or `cuda`.
        runtime: As `open_session` takes it; PyTorch, in which models are trained and evaluated, if not given.
    Raises:
        UserError: If the file is not a model of this project.
    """
    session, metadata = open_session(path, runtime, device)
    return predictor_of(session, metadata, batch_size=batch_size)


def predictor_of(session: Session | ExportedSession, metadata: Mapping[str, str], *, batch_size: int = 4) -> Predictor:
    """Feed a network as a model file's metadata says: `resize`, `scaling`, `stretch`, `flips` and, above 8 bits, `levels`."""
    return Predictor(
        session,
        resize=int(metadata["resize"]),
        scaling=metadata["scaling"],
        stretch=metadata["stretch"] == "true",
        flips=flips_of(metadata),
        levels=levels_of(metadata),
        batch_size=batch_size,
    )
