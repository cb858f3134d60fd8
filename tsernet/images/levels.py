"""How samples of more than 8 bits become the network's 8: by two levels that belong to the model, never to the single image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tsernet.errors import UserError
from tsernet.images.errors import ImageError

UInt8 = NDArray[np.uint8]
Samples = NDArray[np.uint8] | NDArray[np.uint16]
"""Pixels as the file holds them: uint8, or uint16 where a sample has more than 8 bits."""

METADATA_KEY = "levels"
"""Under which a model file names its levels, as `BLACK WHITE`; a model of 8-bit images has none."""

_SHARE_OUTSIDE = 0.001
"""Of all samples, on either side of what `auto` chooses: a hot pixel or a glint does not set the scale."""
_DARK = 64
"""Of 256 grey values: a lamp, a lens and an exposure that were chosen leave more than one sample in a thousand above a quarter."""


@dataclass(frozen=True)
class Levels:
    """The sample value that becomes 0 and the one that becomes 255; what lies outside is clipped.

    Raises:
        ValueError: If they are not 0 ≤ black < white ≤ 65535.
    """

    black: int
    white: int

    def __post_init__(self) -> None:
        if not 0 <= self.black < self.white <= 65535:
            raise ValueError(f"levels must be 0 ≤ black < white ≤ 65535, got black {self.black} and white {self.white}")

    def apply(self, samples: NDArray[np.uint16]) -> UInt8:
        """Map samples linearly to 0…255, rounded to the nearest.

        Args:
            samples: uint16, of any shape.
        Returns:
            uint8, of the same shape.
        """
        scaled = (np.arange(65536, dtype=np.float64) - self.black) * (255.0 / (self.white - self.black))
        table = np.rint(scaled.clip(0.0, 255.0)).astype(np.uint8)
        mapped: UInt8 = table[samples]
        return mapped

    def clipped_share(self, samples: NDArray[np.uint16]) -> float:
        """Give the share of samples that lie outside, in [0, 1]."""
        return float(((samples < self.black) | (samples > self.white)).mean())

    def metadata(self) -> dict[str, str]:
        """Write the levels as a model file's metadata names them."""
        return {METADATA_KEY: f"{self.black} {self.white}"}


class CountingLevels(Levels):
    """Levels that know how much of what they were applied to lay outside, and how much became more than dark, by several threads too.

    Args:
        levels: What they map like.
    """

    _counts: list[tuple[int, int, int]]

    def __init__(self, levels: Levels) -> None:
        super().__init__(levels.black, levels.white)
        object.__setattr__(self, "_counts", [])  # the dataclass is frozen

    def apply(self, samples: NDArray[np.uint16]) -> UInt8:
        """As `Levels.apply`."""
        mapped = super().apply(samples)
        outside = round(self.clipped_share(samples) * samples.size)
        self._counts.append((outside, int(np.count_nonzero(mapped >= _DARK)), samples.size))
        return mapped

    @classmethod
    def together(cls, levels: Levels, parts: Iterable[CountingLevels]) -> CountingLevels:
        """Add up what several of the same levels have counted, of one image each, say."""
        whole = cls(levels)
        for part in parts:
            whole._counts.extend(part._counts)
        return whole

    def warnings(self, *, is_given: bool) -> list[str]:
        """Say what speaks against them, a line each.

        Args:
            is_given: Whether a person gave them; a model's own are as it learned, and that they are too wide is not said of those.
        """
        said = (self.describe_clipped(), self.describe_dark() if is_given else None)
        return [line for line in said if line]

    def describe_clipped(self, bearable: float = 0.01) -> str | None:
        """Say in one line how many samples lay outside; None where their share is at most `bearable`."""
        outside, _, total = self._sums()
        if outside <= bearable * total:
            return None
        return f"{outside / total:.1%} of the samples lie outside the levels {self.black},{self.white} and became black or white"

    def describe_dark(self) -> str | None:
        """Say in one line that nearly all became dark, as levels too wide for the camera make it; None where that is not so."""
        _, bright, total = self._sums()
        if not total or bright > _SHARE_OUTSIDE * total:
            return None
        quarter = self.black + (self.white - self.black) / 4
        return (
            f"{1 - bright / total:.1%} of the samples lie below {quarter:.0f}, a quarter of the way between the levels"
            f" {self.black},{self.white}, and became dark; a camera of 12 bits has 0,4095"
        )

    def _sums(self) -> tuple[int, int, int]:
        outside, bright, sizes = zip(*self._counts, strict=True) if self._counts else ((), (), ())
        return sum(outside), sum(bright), sum(sizes)


def levels_of(metadata: Mapping[str, str]) -> Levels | None:
    """Read a model's levels from its metadata; None for a model of 8-bit images.

    Raises:
        ValueError: If the entry is not two numbers.
    """
    text = metadata.get(METADATA_KEY)
    if text is None:
        return None
    parts = text.split()
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise ValueError(f"{METADATA_KEY}: expected 'BLACK WHITE', got {text!r}")
    return Levels(int(parts[0]), int(parts[1]))


def parse_levels(text: str | None, otherwise: Levels | None) -> Levels | None:
    """Read levels as a command line gives them.

    Args:
        text: `BLACK,WHITE`; None where none are given.
        otherwise: The model's own.
    Raises:
        UserError: If the text is not two numbers in order, or the model has levels of its own: they are part of what it learned.
    """
    if text is None:
        return otherwise
    if otherwise is not None:
        raise UserError(f"--levels {text}: the model has its own, {otherwise.black},{otherwise.white}; they are part of what it learned")
    parts = text.replace(",", " ").split()
    if len(parts) != 2 or not all(part.isdecimal() for part in parts) or not 0 <= int(parts[0]) < int(parts[1]) <= 65535:
        raise UserError(f"--levels {text!r}: expected BLACK,WHITE with 0 ≤ BLACK < WHITE ≤ 65535")
    return Levels(int(parts[0]), int(parts[1]))


def to_8bit(samples: Samples, levels: Levels | None) -> UInt8:
    """Bring an image's samples to 8 bits: those of 8-bit images stay as they are, whatever the levels.

    Raises:
        ImageError: If there are more than 8 bits and no levels.
    """
    if samples.dtype == np.uint8:
        return samples.astype(np.uint8, copy=False)
    if levels is None:
        raise ImageError(
            "depth",
            "has more than 8 bits a sample and there are no levels to bring it to 8; dataset.levels or --levels sets them",
        )
    return levels.apply(samples.astype(np.uint16, copy=False))


def robust_levels(images: Iterable[Samples]) -> Levels | None:
    """Choose levels that leave one in a thousand samples outside on either side, over all images together.

    Args:
        images: Of which those of 8 bits are passed over.
    Returns:
        The levels; None where every image has 8 bits.
    """
    counts = np.zeros(65536, dtype=np.int64)
    for image in images:
        if image.dtype != np.uint8:
            counts += np.bincount(image.ravel(), minlength=65536)
    total = int(counts.sum())
    if not total:
        return None
    below = counts.cumsum()
    black = int(np.searchsorted(below, _SHARE_OUTSIDE * total, side="right"))
    white = int(np.searchsorted(below, (1.0 - _SHARE_OUTSIDE) * total, side="left"))
    # A set of one grey level has no range; any two levels around it are as good as others.
    return Levels(black, white) if white > black else Levels(max(black - 1, 0), max(black - 1, 0) + 1)
