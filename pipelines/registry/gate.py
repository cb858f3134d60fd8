"""What a model must show before it becomes a version: a stranger can load it, and it gives the maps that training's side gives."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsernet.errors import CheckError

PROBE = Path(__file__).with_name("probe.py")
TOLERANCE = 1.0 / 255.0
_SECONDS = 600


def predict_afresh(uri: str, pictures: Sequence[NDArray[np.uint8]], tracking_uri: str) -> dict[str, NDArray[np.float32]]:
    """Load a model in a fresh process and another folder, and predict.

    Args:
        uri: A folder or a models:/ URI.
        pictures: uint8, (H, W) or (H, W, 3).
        tracking_uri: Where a models:/ URI is looked up.
    Returns:
        Maps float32 (H, W): `one0`, … predicted alone, `three0`, … in batches of three.
    Raises:
        CheckError: If the process fails; the message ends with its last line.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "in.npz", **{f"p{index}": picture for index, picture in enumerate(pictures)})  # type: ignore[arg-type]  # its stub takes the arrays for allow_pickle
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONSAFEPATH")}
        environment["MLFLOW_TRACKING_URI"] = environment["MLFLOW_REGISTRY_URI"] = tracking_uri
        environment["TMPDIR"] = name  # MLflow leaves what it has downloaded
        command = [sys.executable, str(PROBE), uri, str(folder / "in.npz"), str(folder / "out.npz")]
        probe = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_SECONDS)
        if probe.returncode != 0:
            last = probe.stderr.strip().splitlines()[-1:] or [f"exit code {probe.returncode}"]
            raise CheckError(f"the exported model does not load or predict in a fresh process: {last[0][:400]}")
        with np.load(folder / "out.npz") as file:
            return {key: file[key] for key in file.files}


def largest_difference(maps: dict[str, NDArray[np.float32]], expected: Sequence[NDArray[np.float32]]) -> float:
    """Hold the fresh process's maps, alone and in batches, against those expected.

    Returns:
        The largest |Δ| over all pixels; infinite if a shape differs.
    """
    pairs: list[tuple[Any, Any]] = [(maps[f"{how}{index}"], one) for how in ("one", "three") for index, one in enumerate(expected)]
    return max(float(np.abs(given - wanted).max()) if given.shape == wanted.shape else float("inf") for given, wanted in pairs)
