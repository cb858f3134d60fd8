"""Challenger against champion: a paired bootstrap over the same test images."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tsernet.config import Register
from tsernet.errors import UserError
from tsernet.measures import MEASURES

LOWER_IS_BETTER = ("mae",)
RESAMPLES = 10_000
SEED = 20_220_801  # any constant: the same scores must give the same verdict


@dataclass(frozen=True)
class PerImage:
    """Scores of a model on each test image.

    `masks`: digest of the mask by image, in the order of the rows. `scores`: (images,) by measure; each column's mean is
    the dataset's figure.
    """

    masks: dict[str, str]
    scores: dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Verdict:
    """Whether a version becomes champion, why, and the figures behind it."""

    promote: bool
    reason: str
    figures: dict[str, Any]


def read_per_image(path: Path) -> PerImage:
    """Read per_image.csv as `evaluate` writes it.

    Raises:
        UserError: If a column is missing or holds no number.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["name"])
    missing = [key for key in ("name", "mask_digest", *MEASURES) if not rows or key not in rows[0]]
    if missing:
        raise UserError(f"{path}: expected rows with the columns name, mask_digest, {', '.join(MEASURES)}; missing: {', '.join(missing)}")
    try:
        scores = {key: np.array([float(row[key]) for row in rows]) for key in MEASURES}
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None
    if not all(np.isfinite(column).all() for column in scores.values()):
        raise UserError(f"{path}: expected finite scores, got nan or inf")
    return PerImage({row["name"]: row["mask_digest"] for row in rows}, scores)


def meets_floor(scores: Mapping[str, float], settings: Register) -> tuple[bool, str]:
    """Hold a model's dataset score against the floor; for MAE, where lower is better, the floor is the most that it may be.

    Returns:
        Whether it does, and the sentence that says so.
    """
    value = float(scores[settings.measure])
    lower = settings.measure in LOWER_IS_BETTER
    meets = value <= settings.floor if lower else value >= settings.floor
    side = ("at most" if lower else "at least") if meets else ("above" if lower else "below")
    return meets, f"{settings.measure} {value:.4f} is {side} the floor of {settings.floor:.4f}"


def compare(challenger: PerImage, champion: PerImage, settings: Register) -> Verdict:
    """Decide whether the challenger is truly better.

    It is if, at the settings' confidence, its gain in the chosen measure is above the margin, and it loses no more than the
    tolerance in any other. All measures share the resamples: they are of the same images.

    Args:
        challenger: Scores of the new version.
        champion: Scores of the present champion.
        settings: Measure, margin, tolerance and confidence.
    Returns:
        The verdict; refused if the test images are not the same.
    Source: Efron and Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13 (percentile interval, one-sided).
    """
    if challenger.masks != champion.masks:
        return Verdict(False, f"the test images are not the champion's: {_difference(challenger.masks, champion.masks)}", {})
    figures = gains_of(challenger, champion, settings.confidence)
    chosen = figures[settings.measure]
    worse = [key for key in MEASURES if key != settings.measure and figures[key]["at_least"] < -settings.tolerance]
    gain = f"gain in {settings.measure} {chosen['gain']:+.4f}, at {settings.confidence:.0%} confidence at least {chosen['at_least']:+.4f}"
    if not chosen["at_least"] > settings.margin:
        return Verdict(False, f"not better than the champion: {gain}, which is not above the margin of {settings.margin:.4f}", figures)
    if worse:
        losses = ", ".join(f"{key} {figures[key]['at_least']:+.4f}" for key in worse)
        return Verdict(
            False, f"better in one measure but possibly worse in others by more than {settings.tolerance:.4f}: {losses}", figures
        )
    return Verdict(True, f"better than the champion: {gain}, above the margin of {settings.margin:.4f}; not worse in the others", figures)


def gains_of(challenger: PerImage, champion: PerImage, confidence: float) -> dict[str, Any]:
    """Bootstrap the mean gain of each measure, signed so that more is better.

    Args:
        challenger, champion: Scores of the same images in the same order, at least one.
        confidence: One-sided, in (0.5, 1).
    Returns:
        By measure: the means of both, the mean gain, and what it is at least at the confidence.
    """
    count = len(challenger.masks)
    generator = np.random.default_rng(SEED)
    weights = generator.multinomial(count, np.full(count, 1.0 / count), size=RESAMPLES).astype(np.float64) / count
    figures: dict[str, Any] = {}
    for key in MEASURES:
        gains = (challenger.scores[key] - champion.scores[key]) * (-1.0 if key in LOWER_IS_BETTER else 1.0)
        means = weights @ gains
        figures[key] = {
            "challenger": round(float(challenger.scores[key].mean()), 6),
            "champion": round(float(champion.scores[key].mean()), 6),
            "gain": round(float(gains.mean()), 6),
            "at_least": round(float(np.quantile(means, 1.0 - confidence)), 6),
        }
    return figures


def _difference(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    only_ours, only_theirs = sorted(ours.keys() - theirs.keys()), sorted(theirs.keys() - ours.keys())
    changed = sorted(name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name])
    parts = [
        f"{len(names)} {what} ({', '.join(names[:3])}{' …' if len(names) > 3 else ''})"
        for what, names in (("only here", only_ours), ("only the champion's", only_theirs), ("with another mask", changed))
        if names
    ]
    return "; ".join(parts)
