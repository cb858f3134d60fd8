"""What a model must show before it becomes a version: a stranger can load it, and it gives the maps that evaluation scored."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tsernet.errors import CheckError

LOAD_CHECK = Path(__file__).with_name("load_check.py")
TOLERANCE = 1.0 / 255.0 + 1e-6
"""One level of the scored maps, which are of 8 bits: of two that are all but equal, one may be rounded up and the other down."""
_SECONDS = 600
_DONE = "done"


class FreshProcess:
    """A fresh process in another folder, which loads models and predicts as a user without this pipeline does.

    One process for all models: its imports take most of its time, and begin while this process writes what they load.

    Args:
        images: uint8 or uint16, (H, W) or (H, W, 3).
        tracking_uri: Where a models:/ URI is looked up.
    """

    def __init__(self, images: Sequence[NDArray[Any]], tracking_uri: str) -> None:
        self._scratch = tempfile.TemporaryDirectory()
        self._folder = Path(self._scratch.name)
        inputs: dict[str, Any] = {f"p{index}": image for index, image in enumerate(images)}
        np.savez(self._folder / "in.npz", **inputs)
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSAFEPATH")}
        environment["MLFLOW_TRACKING_URI"] = environment["MLFLOW_REGISTRY_URI"] = tracking_uri
        environment["TMPDIR"] = self._scratch.name  # MLflow leaves what it has downloaded
        with (self._folder / "stderr").open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, str(LOAD_CHECK), str(self._folder / "in.npz")],
                cwd=self._folder,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()
        self._scratch.cleanup()

    def predict(self, uri: str) -> dict[str, NDArray[np.float32]]:
        """Load a model and predict all images.

        Args:
            uri: A folder or a models:/ URI.
        Returns:
            Maps float32 (H, W): `one0`, … predicted alone, `three0`, … in batches of three.
        Raises:
            CheckError: If the process fails; the message ends with its last line.
        """
        target = self._folder / "out.npz"
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = threading.Timer(_SECONDS, self._process.kill)
        late.start()
        try:
            with suppress(BrokenPipeError):  # it has ended before; its last line says why
                self._process.stdin.write(json.dumps([uri, str(target)]) + "\n")
                self._process.stdin.flush()
            answer = next((line for line in self._process.stdout if line.strip() == _DONE), "")
        finally:
            late.cancel()
        if not answer:
            code = self._process.wait()
            told = (self._folder / "stderr").read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise CheckError(f"the exported model does not load or predict in a fresh process: {(told or [f'exit code {code}'])[-1][:400]}")
        with np.load(target) as file:
            return {key: file[key] for key in file.files}


def largest_difference(maps: dict[str, NDArray[np.float32]], expected: Sequence[NDArray[np.float32]]) -> float:
    """Hold the fresh process's maps, alone and in batches, against those expected.

    Returns:
        The largest |Δ| over all pixels; infinite if a shape differs.
    """
    pairs: list[tuple[Any, Any]] = [(maps[f"{how}{index}"], one) for how in ("one", "three") for index, one in enumerate(expected)]
    return max(float(np.abs(given - wanted).max()) if given.shape == wanted.shape else float("inf") for given, wanted in pairs)
