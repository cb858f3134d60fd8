"""What the runtimes that compute the network's graph have in common: ONNX Runtime, OpenVINO and MNN."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from tsernet.runtimes.resize import finish_maps
from tsernet.runtimes.session import Array, Session


class GraphSession(Session):
    """A session of a graph as `build_onnx` makes it, whose outputs are the logits and, if it gives any, the features."""

    def logits(self, inputs: Array) -> Array:
        """As `Session.logits`.

        Raises:
            ValueError: If the shape is another; the message gives it.
        """
        return self._run(inputs)[0]

    def logits_and_features(self, inputs: Array) -> tuple[Array, Array]:
        """As `Session.logits_and_features`."""
        logits, features = self._run(inputs)
        return logits, features

    def finish(self, logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        """As `Session.finish`."""
        return finish_maps(logits, sizes, stretch)

    @abstractmethod
    def _run(self, inputs: Array) -> list[Array]:
        """Give all outputs, in the graph's order.

        Raises:
            ValueError: If the shape is another; the message gives it.
        """
