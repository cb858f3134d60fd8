"""The mean of what a network says of an image and of its mirror images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsernet.flips import AXES, Flips
from tsernet.runtimes.session import Array, Session


class FlippedSession(Session):
    """A session that runs its network once for each mirror image, one after the other, and gives the mean of the logits.

    Args:
        session: Runs the network.
        flips: Which mirror images.
    """

    def __init__(self, session: Session, flips: Flips) -> None:
        self._session, self._axes = session, AXES[flips]
        self.callers, self.gives_features = session.callers, session.gives_features

    def logits(self, inputs: Array) -> Array:
        """As `Session.logits`."""
        return self._mean(self._session.logits(inputs), inputs)

    def logits_and_features(self, inputs: Array) -> tuple[Array, Array]:
        """As `Session.logits_and_features`; the features are those of the images as they are."""
        logits, features = self._session.logits_and_features(inputs)
        return self._mean(logits, inputs), features

    def finish(self, logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.finish`."""
        return self._session.finish(logits, sizes, stretch)

    def _mean(self, logits: Array, inputs: Array) -> Array:
        total = logits
        for axes in self._axes[1:]:
            mirrored = self._session.logits(np.ascontiguousarray(np.flip(inputs, axes)))
            total = total + np.flip(mirrored, axes)
        mean: Array = np.ascontiguousarray(total / np.float32(len(self._axes)))
        return mean


def flipped(session: Session, flips: Flips) -> Session:
    """Let a session give the mean over mirror images; `none` leaves it as it is."""
    return session if flips == "none" else FlippedSession(session, flips)
