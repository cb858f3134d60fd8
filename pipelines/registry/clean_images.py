"""What a challenger and the champion mark falsely on the clean images of the test split."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.registry.comparison import RESAMPLES, SEED, Verdict
from tsernet.config import Register
from tsernet.errors import UserError


@dataclass(frozen=True)
class CleanImages:
    """Clean test images, sorted by name, at a model's operating point.

    Attributes:
        masks: Digest of the mask by image.
        marked: (N,): 1 where anything is marked.
        false_components: In all of them together.
        megapixels: Of all of them together.
    """

    masks: dict[str, str]
    marked: NDArray[np.float64]
    false_components: int
    megapixels: float

    @property
    def per_megapixel(self) -> float:
        """False components in a million pixels."""
        return self.false_components / self.megapixels


def joined_clean(one: CleanImages | None, other: CleanImages | None) -> CleanImages | None:
    """Put what is marked on different clean images together, sorted by name."""
    if one is None or other is None:
        return one or other
    marked = dict(zip([*one.masks, *other.masks], [*one.marked, *other.marked], strict=True))
    masks = {**one.masks, **other.masks}
    names = sorted(masks)
    return CleanImages(
        {name: masks[name] for name in names},
        np.array([marked[name] for name in names]),
        one.false_components + other.false_components,
        one.megapixels + other.megapixels,
    )


def read_clean(path: Path, leave_out: Collection[str] = ()) -> CleanImages | None:
    """Read clean.csv as `evaluate` writes it; None where no test image is clean, or all are left out.

    Raises:
        UserError: If a column is missing or holds no number.
    """
    with path.open(newline="", encoding="utf-8") as file:
        rows = sorted((row for row in csv.DictReader(file) if row["name"] not in leave_out), key=lambda row: row["name"])
    if not rows:
        return None
    try:
        return CleanImages(
            {row["name"]: row["mask_digest"] for row in rows},
            np.array([float(row["marked"]) for row in rows]),
            sum(int(row["false_components"]) for row in rows),
            sum(int(row["pixels"]) for row in rows) / 1e6,
        )
    except (KeyError, ValueError) as error:
        raise UserError(f"{path}: expected name, mask_digest, marked, false_components and pixels: {error}") from None


def weigh_false_alarms(verdict: Verdict, challenger: CleanImages | None, champion: CleanImages | None, settings: Register) -> Verdict:
    """Refuse a challenger that finds more and cries wolf more: a paired bootstrap of the share of clean images that are marked.

    Args:
        verdict: On the images with a defect.
        challenger, champion: On the clean ones, each at its own operating point; None where there are none, or none are known.
        settings: Tolerance and confidence.
    Returns:
        The verdict, with what it says of clean images where both have them.
    """
    if challenger is None or champion is None or challenger.masks != champion.masks:
        return verdict
    gains = champion.marked - challenger.marked
    count = len(gains)
    weights = np.random.default_rng(SEED).multinomial(count, np.full(count, 1.0 / count), size=RESAMPLES) / count
    at_least = float(np.quantile(weights @ gains, 1.0 - settings.confidence))
    figures = {
        **verdict.figures,
        "marked_clean": {
            "challenger": round(float(challenger.marked.mean()), 6),
            "champion": round(float(champion.marked.mean()), 6),
            "gain": round(float(gains.mean()), 6),
            "at_least": round(at_least, 6),
            "challenger_per_megapixel": round(challenger.per_megapixel, 6),
            "champion_per_megapixel": round(champion.per_megapixel, 6),
        },
    }
    words = (
        f"of {count} clean images {challenger.marked.mean():.1%} are marked, by the champion {champion.marked.mean():.1%}"
        f" ({challenger.per_megapixel:.2f} and {champion.per_megapixel:.2f} false components in a million pixels)"
    )
    if verdict.promote and at_least < -settings.tolerance:
        return Verdict(False, f"finds more but may cry wolf more: {words}", figures)
    return replace(verdict, reason=f"{verdict.reason}; {words}", figures=figures)
