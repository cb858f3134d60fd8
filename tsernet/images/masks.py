"""What the values of a mask file mean: one rule for a whole dataset, named in its params, never guessed from a single file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tsernet.images.decode import Decoded, decode
from tsernet.images.errors import ImageError
from tsernet.images.formats import MAX_PIXELS
from tsernet.images.levels import Samples

_MOST_VALUES = 8

MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".jpg", ".jpeg")
"""Of mask files, in the order of preference: where a name has a PNG, it is the mask."""


@dataclass(frozen=True)
class MaskRule:
    """How masks are named and what in them is defect.

    Attributes:
        suffix: What a mask's stem has behind its image's, such as `_mask`; a mask without it is taken too.
        values: `binary`: 0 is ground, 255 defect, and there is nothing else. `nonzero`: all but 0 is defect: 0 and 1, numbers of
            instances or classes, the indices of a palette, colours on black. A tuple: these values (of a palette these indices) are
            defect, all others ground.
        threshold: Values from this one upwards are defect: soft masks, and JPEG; None for exact values.
    """

    suffix: str = ""
    values: Literal["binary", "nonzero"] | tuple[int, ...] = "binary"
    threshold: int | None = None


DEFAULT_RULE = MaskRule()
"""0 is ground, 255 defect, and a mask has its image's stem."""


@dataclass(frozen=True)
class Mask:
    """A mask under its rule.

    Attributes:
        pixels: uint8 (H, W), 0 for ground and 255 for defect.
        between: How many pixels were neither black nor white, so that the threshold decided over them; 0 without a threshold.
    """

    pixels: NDArray[np.uint8]
    between: int


def mask_channel(decoded: Decoded, rule: MaskRule) -> Samples:
    """Bring a decoded mask to the one channel that its rule looks at.

    Returns:
        uint8 or uint16, (H, W): grey values, or a palette's indices where the rule counts values other than 0 and 255.
    Raises:
        ImageError: If the channels differ and the rule does not say what colours mean.
    """
    if decoded.indices is not None and rule.values != "binary" and rule.threshold is None:
        if rule.values == "nonzero" and decoded.palette is not None and decoded.palette[:1].any():
            colour = tuple(int(value) for value in decoded.palette[0])
            raise ImageError(
                "palette", f"has a palette whose index 0 is {colour}, not black; list the indices of defects in dataset.masks.values"
            )
        return decoded.indices
    if decoded.pixels.ndim == 2:
        return decoded.pixels
    planes: Any = decoded.pixels  # numpy's types lose the dtype when a union of arrays is indexed
    red, green, blue = (np.ascontiguousarray(planes[..., index]) for index in range(3))
    if np.array_equal(red, green) and np.array_equal(red, blue):
        grey: Samples = red
        return grey
    if rule.values == "nonzero" and rule.threshold is None and not decoded.is_jpeg:
        return _marked((red > 0) | (green > 0) | (blue > 0))
    raise ImageError(
        "channels", "has colour channels that differ, expected grey; dataset.masks.values: nonzero takes all but black for defect"
    )


def binary_mask(channel: Samples, rule: MaskRule, *, is_jpeg: bool = False) -> Mask:
    """Say of every pixel whether it is defect.

    Args:
        channel: Of `mask_channel`.
        rule: What the values mean.
        is_jpeg: Whether the values come from a JPEG, where only a threshold has a meaning.
    Raises:
        ImageError: If the values are not what the rule expects; the sentence names the key to set.
    """
    if rule.threshold is not None:
        return Mask(_marked(channel >= rule.threshold), int(((channel > 0) & (channel < _top(channel))).sum()))
    if rule.values == "binary" or (is_jpeg and not _is_binary(channel)):
        _require_binary(channel, is_jpeg)
        return Mask(channel.astype(np.uint8, copy=False), 0)
    chosen = channel != 0 if rule.values == "nonzero" else np.isin(channel, np.array(rule.values))
    return Mask(_marked(chosen), 0)


def read_mask(source: Path | bytes, rule: MaskRule = DEFAULT_RULE, max_pixels: int | None = MAX_PIXELS) -> Mask:
    """Read a mask file under a rule; what prepare does step by step, for those who need no row of a manifest.

    Raises:
        ImageError: If the file cannot be used, or its values are not what the rule expects.
    """
    decoded = decode(source, max_pixels)
    return binary_mask(mask_channel(decoded, rule), rule, is_jpeg=decoded.is_jpeg)


def describe_values(channel: Samples) -> str:
    """List the values of a mask, ascending, at most eight, then an ellipsis."""
    values = np.unique(channel).tolist()
    return " ".join(map(str, values[:_MOST_VALUES])) + (" …" if len(values) > _MOST_VALUES else "")


def _require_binary(channel: Samples, is_jpeg: bool) -> None:
    if _is_binary(channel):
        return
    found = describe_values(channel)
    if is_jpeg:
        raise ImageError(
            "grey", f"holds {found}, expected 0 and 255: no JPEG keeps values exactly; set dataset.masks.threshold (128 is half)"
        )
    if set(np.unique(channel).tolist()) <= {0, 1}:
        raise ImageError("zero-one", "holds 0 and 1, expected 0 and 255; dataset.masks.values: nonzero takes 1 for defect")
    raise ImageError(
        "grey",
        f"holds {found}, expected 0 and 255; set dataset.masks.threshold where the borders are soft, "
        "or dataset.masks.values where the values are numbers of classes or instances",
    )


def _is_binary(channel: Samples) -> bool:
    return channel.dtype == np.uint8 and bool(((channel == 0) | (channel == 255)).all())


def _top(channel: Samples) -> int:
    return int(np.iinfo(channel.dtype).max)


def _marked(defect: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(defect, 255, 0).astype(np.uint8)
