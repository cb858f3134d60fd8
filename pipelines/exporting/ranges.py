"""What goes into the convolutions of a network, seen on training images: the ranges that eight bits have to cover."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tsernet.runtimes.session import Array, Session

if TYPE_CHECKING:
    from tsernet.runtimes.quantize import Observed


class _Watcher(Session):
    """A session whose answers are nothing, and which keeps what it has seen on the way.

    Args:
        model: As `build_observed` builds it.
        convolutions: Name of the output that each takes, by its own name.
    """

    callers = 1

    def __init__(self, model: bytes, convolutions: Mapping[str, str]) -> None:
        from tsernet.runtimes.onnx_graph import INPUT
        from tsernet.runtimes.onnx_session import start_onnx
        from tsernet.runtimes.quantize import Observed
        from tsernet.runtimes.session import wanted_threads

        self._session = start_onnx(model, wanted_threads())
        self._input, self._convolutions = INPUT, convolutions
        self._outputs = [one.name for one in self._session.get_outputs()]
        self._seen = {value: Observed() for value in convolutions.values()}

    def logits(self, inputs: Array) -> Array:
        for image in inputs:
            answers = self._session.run(self._outputs, {self._input: image[None]})
            for name, values in ((self._input, image[None]), *zip(self._outputs, answers, strict=True)):
                if name in self._seen:
                    self._seen[name].add(values)
        return np.zeros((len(inputs), 1, *inputs.shape[2:]), np.float32)

    def finish(self, logits: Array, sizes: Sequence[tuple[int, int]], stretch: bool) -> list[Array]:
        return [np.zeros(size, np.float32) for size in sizes]

    def observed(self) -> dict[str, Observed]:
        return {name: self._seen[value] for name, value in self._convolutions.items()}


def observe_on(images: Sequence[Path], metadata: dict[str, str]) -> Any:
    """Make the function that `exported_onnx` asks for the ranges: it predicts these images as the model's metadata says."""

    def observe(model: bytes, convolutions: Mapping[str, str]) -> Mapping[str, Observed]:
        from tsernet.data.pixels import read_image
        from tsernet.saliency import map_maker

        watcher = _Watcher(model, convolutions)
        maker = map_maker(watcher, metadata)
        for path in images:
            maker.predict([read_image(path, maker.levels)])
        return watcher.observed()

    return observe
