"""The threshold that a named rule chooses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tsernet.config import Operate
from tsernet.errors import UserError
from tsernet.operating.curve import LEVELS, ImageCurve, curve_of
from tsernet.protocol import DEFAULT_THRESHOLD, OperatingPoint


def choose(images: Sequence[ImageCurve], settings: Operate) -> OperatingPoint:
    """Choose the operating point on validation images.

    Args:
        images: Of the validation split, clean ones among them where the rule needs them.
        settings: The params' `operate`.
    Raises:
        UserError: If the rule asks for images that are not there, or for what no threshold reaches.
    """
    if settings.rule == "none":
        return OperatingPoint(DEFAULT_THRESHOLD, settings.min_area)
    if not images:
        raise UserError(
            f"operate.rule: {settings.rule} chooses on the validation split, which is empty; set split.validation above 0, or the rule none"
        )
    curve = curve_of(images)
    lacks = {
        "false_alarms": np.isnan(curve.marked_clean).all() and "clean",
        "cost": (np.isnan(curve.marked_clean).all() and "clean") or (np.isnan(curve.marked_defective).all() and "defective"),
        "recall": np.isnan(curve.marked_defective).all() and "defective",
    }[settings.rule]
    if lacks:
        raise UserError(
            f"operate.rule: {settings.rule} needs {lacks} images in the validation split, got none; add some,"
            " set train.clean_share above 0, or choose another rule"
        )
    if settings.rule == "false_alarms":
        # Above the last level that breaks the bound: the count need not fall from one threshold to the next.
        broken = np.flatnonzero(curve.per_megapixel > settings.per_megapixel)
        place = int(broken[-1]) + 1 if broken.size else 0
        if place >= len(LEVELS):
            raise UserError(
                f"operate.per_megapixel: no threshold has at most {settings.per_megapixel:g}; the least is {curve.per_megapixel.min():.3g}"
            )
        words = f"false_alarms: at most {settings.per_megapixel:g} false components in a million pixels"
    elif settings.rule == "recall":
        fits = np.flatnonzero(curve.marked_defective >= settings.at_least)
        if not fits.size:
            raise UserError(
                f"operate.at_least: no threshold marks {settings.at_least:.1%} of the defective images;"
                f" most is {curve.marked_defective.max():.1%}"
            )
        place, words = int(fits[-1]), f"recall: at least {settings.at_least:.1%} of the defective images are marked"
    else:
        place = _cheapest(images, settings)
        words = f"cost: {settings.miss:g} for a missed image, {settings.false_alarm:g} for a false alarm"
    # Half a level below, so that a map's rounding to 8 bits does not move a pixel across.
    return OperatingPoint((float(LEVELS[place]) - 0.5) / 255.0, settings.min_area, words)


def _cheapest(images: Sequence[ImageCurve], settings: Operate) -> int:
    """Find the cheapest threshold; of equals the middle one, which is the farthest from either mistake."""
    missed = np.sum([~image.marked for image in images if not image.is_clean], axis=0)
    alarms = np.sum([image.marked for image in images if image.is_clean], axis=0)
    total = settings.miss * missed + settings.false_alarm * alarms
    cheapest = np.flatnonzero(total == total.min())
    return int(cheapest[len(cheapest) // 2])
