"""How a model is used: at what scale, whole or in tiles, and from which saliency on a pixel is a defect. It travels with the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tsernet.errors import UserError
from tsernet.flips import Flips, flips_of

ProtocolName = Literal["strip", "paper"]
PROTOCOLS: tuple[ProtocolName, ...] = ("strip", "paper")
"""`paper`: the whole image is resized to the network's input, its map stretched to [0, 1]. `strip`: the image keeps the training's scale,
goes through in tiles, and its map is calibrated, not stretched."""

DEFAULT_THRESHOLD = 0.5
SCALES = (0.05, 20.0)
"""Smallest and largest factor between an image's pixels and the training's that makes sense; beyond it is a slip of the decimal point."""


@dataclass(frozen=True)
class Calibration:
    """Turns logits into probabilities that mean what they say: sigmoid(scale · logit + offset), fitted on the validation split.

    Source: Platt scaling; with offset 0, temperature scaling (Guo et al., ICML 2017).
    """

    scale: float = 1.0
    offset: float = 0.0

    def apply(self, logits: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map logits of any shape to [0, 1]."""
        scaled = np.float32(self.scale) * logits + np.float32(self.offset)
        # Of the positive and the negative half apart, so that nothing overflows.
        small = np.exp(-np.abs(scaled))
        saliency: NDArray[np.float32] = np.where(scaled >= 0, 1.0, small) / (1.0 + small)
        return saliency.astype(np.float32, copy=False)


@dataclass(frozen=True)
class OperatingPoint:
    """From where on something is a defect.

    Attributes:
        threshold: Calibrated saliency in [0, 1]; a pixel at or above it is marked.
        min_area: Of a connected group of marked pixels, in training pixels; smaller ones are no defects.
        rule: The rule that chose the threshold, in words.
    """

    threshold: float = DEFAULT_THRESHOLD
    min_area: int = 1
    rule: str = "none: half of the range"

    @property
    def level(self) -> int:
        """The threshold as the least marked value of an 8-bit map, 1…255."""
        return min(max(int(np.ceil(self.threshold * 255.0 - 1e-6)), 1), 255)


@dataclass(frozen=True)
class Protocol:
    """How an image becomes a saliency map and the map a verdict.

    Attributes:
        name: `strip` or `paper`.
        resize: Side of the network's input that shows `window`, pixels.
        window: Side of what the training showed in one input, original pixels; 0 where nothing is known: it cannot be used for strip.
        scaling: `unit` or `own_max`.
        stretch: Whether the paper's protocol stretches each map.
        flips: The mirror images over which the logits are averaged.
        pixel_mm: Side of an original pixel of the training's images, millimetres; None where it is not known.
        calibration, operating_point: Of the strip's protocol.
    """

    name: ProtocolName
    resize: int
    window: int = 0
    scaling: str = "unit"
    stretch: bool = True
    flips: Flips = "none"
    pixel_mm: float | None = None
    calibration: Calibration = Calibration()
    operating_point: OperatingPoint = OperatingPoint()

    @property
    def reduction(self) -> float:
        """Input pixels per training pixel."""
        return self.resize / self.window

    def metadata(self) -> dict[str, str]:
        """Write the protocol as a model file's metadata names it."""
        point = self.operating_point
        known = {
            "protocol": self.name,
            "resize": str(self.resize),
            "window": str(self.window),
            "scaling": self.scaling,
            "stretch": str(self.stretch).lower(),
            "flips": self.flips,
            "calibration": f"{self.calibration.scale!r} {self.calibration.offset!r}",
            "threshold": repr(point.threshold),
            "min_area": str(point.min_area),
            "operating_rule": point.rule,
        }
        return known if self.pixel_mm is None else known | {"pixel_mm": repr(self.pixel_mm)}


def protocol_of(metadata: Mapping[str, str], name: str | None = None) -> Protocol:
    """Read a model's protocol; a file that names none is of the paper's.

    Args:
        metadata: Of a model file, or as a registered version says.
        name: `strip` or `paper`, to override what the model says.
    Raises:
        UserError: If an entry does not hold what it should, or the strip's protocol is asked of a model that does not know its scale.
    """
    chosen = name or metadata.get("protocol", "paper")
    if chosen not in PROTOCOLS:
        where = "--protocol" if name else "the model's protocol"
        raise UserError(f"{where} is {chosen!r}, expected one of: {', '.join(PROTOCOLS)}")
    try:
        scale, offset = (float(part) for part in metadata.get("calibration", "1 0").split())
        threshold = float(metadata.get("threshold", DEFAULT_THRESHOLD))
        window, least = int(metadata.get("window", "0")), int(metadata.get("min_area", "1"))
        millimetres = float(metadata["pixel_mm"]) if "pixel_mm" in metadata else None
    except ValueError as error:
        raise UserError(f"the model's metadata: {error}; expected what 'tsernet export' writes") from None
    if not (np.isfinite((scale, offset)).all() and scale > 0 and 0 <= threshold <= 1 and window >= 0 and least >= 1):
        raise UserError(
            f"the model's metadata: calibration {scale:g} {offset:g}, threshold {threshold:g}, window {window}, min_area {least}:"
            " expected a positive scale, a threshold in 0…1, no negative window and an area of at least 1"
        )
    if chosen == "strip" and not window:
        raise UserError(
            "this model does not know its scale (no `window` in its metadata), so that it cannot go over a strip in tiles;"
            " 'tsernet predict --protocol paper' takes its images whole; train.window trains one that knows"
        )
    return Protocol(
        name="strip" if chosen == "strip" else "paper",
        resize=int(metadata["resize"]),
        window=window,
        scaling=metadata["scaling"],
        stretch=metadata["stretch"] == "true",
        flips=flips_of(metadata),
        pixel_mm=millimetres,
        calibration=Calibration(scale, offset),
        operating_point=OperatingPoint(threshold, least, metadata.get("operating_rule", "none: half of the range")),
    )


def require_scale(pixel_scale: float, name: str = "--pixel-scale") -> float:
    """Refuse a factor between an image's pixels and the training's that cannot be meant.

    Raises:
        UserError: If it is not within `SCALES`.
    """
    if not SCALES[0] <= pixel_scale <= SCALES[1]:
        raise UserError(f"{name} {pixel_scale:g}, expected training pixels per image pixel from {SCALES[0]:g} to {SCALES[1]:g}")
    return pixel_scale
