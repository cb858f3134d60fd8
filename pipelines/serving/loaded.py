"""A model that is ready to inspect."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.map_files import MOST_CALLERS, callers_for
from tsernet.digests import sha256_of
from tsernet.errors import UserError
from tsernet.images.levels import Levels, parse_levels
from tsernet.runtimes import ExportedSession, Session, open_session
from tsernet.runtimes.flipped_session import flipped
from tsernet.saliency import StripMaps, map_maker

_FETCH_SECONDS = 120.0
Watched = Callable[[NDArray[np.float32]], tuple[NDArray[np.float32], NDArray[np.float32]]]
"""The network, float32 (B, 3, H, W), to logits, (B, 1, H, W), and features, (B, C)."""


@dataclass(frozen=True)
class Usage:
    """How every model is used here.

    Attributes:
        runtime, device: As the options of `tsernet inspect` say.
        pixel_scale: Training pixels per image pixel.
        levels: `BLACK,WHITE` for images of more than 8 bits and a model of 8-bit images; None where a request must give them.
    """

    runtime: str = "auto"
    device: str = "auto"
    pixel_scale: float = 1.0
    levels: str | None = None


@dataclass(frozen=True)
class Loaded:
    """A model that has shown that it computes.

    Attributes:
        name: `models:/tsernet/5`, a file, or `shipped`.
        version: Of the registry; empty where the model is not of it.
        weights_sha256: Of the file.
        maker: Makes maps; any number of threads may call it, `callers` of them at once gain.
        callers: How many.
        levels: Of the model, or as the service was told.
        pixel_mm: Side of an image's pixel, millimetres; None where it is not known.
        watched: The network, giving the encoder's pooled features beside its logits; None where the runtime or the file gives none.
    """

    name: str
    version: str
    weights_sha256: str
    maker: StripMaps
    callers: int
    levels: Levels | None
    pixel_mm: float | None
    watched: Watched | None = None

    @property
    def threshold(self) -> float:
        """The model's own operating point."""
        return self.maker.protocol.operating_point.threshold

    @property
    def min_area(self) -> float:
        """Smaller groups are no defects: pixels of the images here."""
        return max(1.0, self.maker.protocol.operating_point.min_area / self.maker.pixel_scale**2)

    def described(self) -> dict[str, Any]:
        """Say what an answer says of the model that gave it."""
        return {
            "name": self.name,
            "version": self.version or None,
            "weights_sha256": self.weights_sha256,
            "threshold": self.threshold,
            "min_area": self.min_area,
            "rule": self.maker.protocol.operating_point.rule,
            "levels": None if self.levels is None else [self.levels.black, self.levels.white],
            "pixel_mm": self.pixel_mm,
        }


def load(name: str, usage: Usage) -> Loaded:
    """Open a model and let it compute one small image.

    Args:
        name: `models:/NAME/VERSION`, a file, or `shipped`.
        usage: How it is used.
    Raises:
        UserError: If there is no such model, it cannot be used here, or what it computes is no map.
    """
    from pipelines.model_resolver import find_model, preferred
    from tsernet.devices import choose_device
    from tsernet.runtimes import is_exported

    version = name.rpartition("/")[2] if name.startswith("models:") else ""
    path, fed = _fetched(name) if version else find_model(name)
    chosen = "cpu" if usage.device == "auto" and is_exported(path) else choose_device(usage.device, "--device")
    wanted = preferred(usage.runtime, path, chosen)
    session, metadata = open_session(path, wanted, chosen, callers_for(MOST_CALLERS), features=True)
    maker = map_maker(session, metadata | fed, protocol="strip", pixel_scale=usage.pixel_scale)
    assert isinstance(maker, StripMaps)
    _probe(maker, name)
    known = maker.protocol.pixel_mm
    return Loaded(
        name=name if version else Path(name).name,
        version=version,
        weights_sha256=sha256_of(path),
        maker=maker,
        callers=session.callers,
        levels=parse_levels(usage.levels, maker.levels),
        pixel_mm=None if known is None else known * usage.pixel_scale,
        watched=None if isinstance(session, ExportedSession) else _watched(session, maker),
    )


def _watched(session: Session, maker: StripMaps) -> Watched | None:
    return flipped(session, maker.protocol.flips).logits_and_features if session.gives_features else None


def _probe(maker: StripMaps, name: str) -> None:
    (saliency,) = maker.predict([np.full((64, 64), 128, dtype=np.uint8)])
    if not np.isfinite(saliency).all():
        raise UserError(f"{name}: its map of an even grey is not finite; the weights are not usable")


def _fetched(name: str) -> tuple[Path, dict[str, str]]:
    """Fetch a registered version in a process of its own: MLflow's import would stay, 130 MB and seconds of all cores' time."""
    command = [sys.executable, "-m", "pipelines.serving.fetch", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_SECONDS)
    except subprocess.TimeoutExpired:
        raise UserError(f"{name}: could not be fetched within {_FETCH_SECONDS:g} seconds") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"ended with exit code {done.returncode}"]
        raise UserError(f"{name}: could not be fetched: {said[-1].removeprefix('error: ')[:300]}")
    found = json.loads(done.stdout.splitlines()[-1])
    return Path(found["path"]), found["input"]
