"""The images to choose from: read, mapped by one model or two, and weighed, one after the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tsernet.data.pixels import read_samples
from tsernet.drift import IMAGE, keys_of
from tsernet.images.levels import Samples, to_8bit
from tsernet.inference import to_uint8
from tsernet.inspection.statistics import image_statistics
from tsernet.review.choose import Vector, descriptor
from tsernet.review.drift import Reference, drift
from tsernet.review.signals import Map, Signals, band_of, disagreement, uncertainty
from tsernet.saliency import MapMaker

FIGURES = keys_of(IMAGE)
"""The figures of an image that tell drift, as the inspection log has them too."""
_WORTH_A_WORD = 0.2


@dataclass(frozen=True)
class Judge:
    """A model that marks defects: what makes its maps; its operating point as the least marked value, 1…255; its least area, pixels."""

    maker: MapMaker
    level: int
    min_area: float

    def map_of(self, samples: Samples) -> Map:
        """Make the map of an image, uint8 (H, W)."""
        (saliency,) = self.maker.predict([samples])
        return to_uint8(saliency)


@dataclass(frozen=True)
class Weighed:
    """An image and what it is worth.

    Attributes:
        name, path: Of the image.
        signals: In [0, 1] each.
        reason: In words, the strongest signal first.
        look: Its descriptor.
        marked: Pixels that the first model marks.
    """

    name: str
    path: Path
    signals: Signals
    reason: str
    look: Vector
    marked: int


@dataclass(frozen=True)
class Scales:
    """What images are weighed by.

    Attributes:
        judge: The model whose maps become the first annotations.
        challenger: A second model, or None.
        reference: Figures of the training images, or None.
        figures: Known figures by image name, from the inspection log; measured where they are not there.
        label_errors: Images whose masks may be wrong: the severity and the words of it, by name.
        max_pixels: A larger image is not decoded.
    """

    judge: Judge
    challenger: Judge | None = None
    reference: Reference | None = None
    figures: Mapping[str, Mapping[str, float]] | None = None
    label_errors: Mapping[str, tuple[float, str]] | None = None
    max_pixels: int | None = None

    def weigh(self, name: str, path: Path) -> Weighed:
        """Weigh an image.

        Raises:
            UserError: If it cannot be read.
            ImageError: If it has more than 8 bits and the model no levels.
        """
        samples = read_samples(path, max_pixels=self.max_pixels)
        pixels = to_8bit(samples, self.judge.maker.levels)
        saliency = self.judge.map_of(samples)
        words: dict[str, str] = {}
        signals = Signals(uncertainty=uncertainty(saliency, self.judge.level, self.judge.min_area))
        words["uncertainty"] = _uncertain(saliency, self.judge.level)
        marked = saliency >= self.judge.level
        if self.challenger is not None:
            theirs = self.challenger.map_of(samples) >= self.challenger.level
            signals = replace(signals, disagreement=disagreement(marked, theirs, self.judge.min_area))
            words["disagreement"] = _disagreeing(marked, theirs)
        if self.reference is not None:
            row = (self.figures or {}).get(name) or _figures(pixels)
            score, column = drift(row, self.reference)
            signals = replace(signals, drift=score)
            words["drift"] = self.reference.describe(column, row[column]) if column else ""
        if name in (self.label_errors or {}):
            severity, said = (self.label_errors or {})[name]
            signals = replace(signals, label_error=min(severity, 1.0))
            words["label_error"] = f"possible label error: {said}"
        return Weighed(name, path, signals, _reason(signals, words), descriptor(pixels, saliency), int(marked.sum()))


def figures_of(path: Path, maker: MapMaker, max_pixels: int | None) -> Mapping[str, float]:
    """Measure an image's figures for `reference_of`."""
    return _figures(to_8bit(read_samples(path, max_pixels=max_pixels), maker.levels))


def _figures(pixels: NDArray[np.uint8]) -> Mapping[str, float]:
    found = image_statistics(pixels)
    return {name: float(getattr(found, name)) for name in FIGURES}


def _uncertain(saliency: Map, level: int) -> str:
    low, high = band_of(level)
    possible, sure = int((saliency >= low).sum()), int((saliency >= high).sum())
    return f"uncertain: {possible} pixels are marked at saliency {low / 255:.2f}, {sure} at {high / 255:.2f}"


def _disagreeing(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> str:
    both = int((ours & theirs).sum())
    return f"the models disagree: one marks {int(ours.sum())} pixels, the other {int(theirs.sum())}, {both} of them in common"


def _reason(signals: Signals, words: Mapping[str, str]) -> str:
    strong = sorted((name for name in words if getattr(signals, name) >= _WORTH_A_WORD), key=lambda name: -float(getattr(signals, name)))
    return "; ".join(words[name] for name in strong) or "nothing stands out in it"
