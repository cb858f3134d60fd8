"""From a window and a reference to a verdict, and to what a program, a page and an event are told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.monitoring.figures import Figures
from pipelines.monitoring.reference import Reference
from pipelines.monitoring.window import Window
from tsernet.drift import IMAGE, MODEL, Compared, compare, fit_projection, keys_of

STEADY, DRIFTED, WAITING = "steady", "drifted", "waiting"
LEAST_OF_VERSION = 50
"""So many images of the window must be of the reference's version for its columns to be compared: fewer would hardly show anything."""
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """What was found.

    Attributes:
        status: STEADY, DRIFTED, or WAITING where there are too few images yet and nothing was compared.
        rate: Chance of a false alarm of a window, over all columns together.
        compared: The columns, in the order of `tsernet.drift.COLUMNS`.
        reference, window: The values of each, by key.
        notes: What a reader must know, a sentence each: what was not compared, and why.
        about: The window and the reference in words and numbers, for JSON.
    """

    status: str
    rate: float
    compared: tuple[Compared, ...]
    reference: Mapping[str, Values]
    window: Mapping[str, Values]
    notes: tuple[str, ...]
    about: Mapping[str, Any]

    @property
    def moved(self) -> list[str]:
        """The columns that have moved: what the camera saw first, then what the model made of it; of each the farthest beyond its limit."""
        ranked = sorted(
            (one for one in self.compared if one.moved), key=lambda one: (one.key not in keys_of(IMAGE), one.limit - one.distance)
        )
        return [one.key for one in ranked]

    @property
    def sentence(self) -> str:
        """What was found, in words for whoever asks: the command, the page, a run's state."""
        images, count = self.about["images"], len(self.compared)
        if self.status == WAITING:
            return f"{images} of {self.about['wanted']} images; nothing was compared"
        if self.status == STEADY:
            return f"the last {images} images are of the training images' kind, by each of {count} figures"
        moved = ", ".join(self.moved)
        return f"{len(self.moved)} of {count} figures of the last {images} images are not those of the training images: {moved}"

    def as_json(self) -> dict[str, Any]:
        """Say it to a program; every value is plain."""
        columns = {
            one.key: {
                "moved": one.moved,
                "distance": round(one.distance, 4),
                "limit": round(min(one.limit, 1.0), 4),
                "chance": round(one.chance, 6),
                "reference_median": _rounded(self.reference[one.key]),
                "window_median": _rounded(self.window[one.key]),
            }
            for one in self.compared
        }
        return {
            "status": self.status,
            "sentence": self.sentence,
            "moved": self.moved,
            "rate": self.rate,
            **self.about,
            "columns": columns,
            "notes": list(self.notes),
        }


def judge(window: Window, reference: Reference | None, wanted: int, rate: float) -> Verdict:
    """Compare a window with the reference.

    Columns of what a version made of the images are compared over the images of the reference's version alone; the rate is then shared
    between the two kinds of columns, half each.

    Args:
        window: The last images.
        reference: Of the champion; None where it was not needed, for a window that is too small.
        wanted: How many images make a window.
        rate: As in `Verdict`.
    """
    about: dict[str, Any] = {
        "images": len(window),
        "wanted": wanted,
        "first": window.first,
        "last": window.last,
        "models": dict(window.models),
        "repeated": window.repeated,
    }
    if reference is None or len(window) < wanted:
        return Verdict(WAITING, rate, (), {}, {}, (), about)
    known_images = {"images": len(reference.figures), "of": reference.of}
    about["reference"] = {"split": reference.split, "weights_sha256": reference.weights, **known_images}
    own = np.array([one == reference.weights for one in window.figures.weights])
    about["images_of_version"] = int(own.sum())
    notes: list[str] = []
    pairs = [_columns(IMAGE, reference.figures, window.figures)]
    if own.sum() >= LEAST_OF_VERSION:
        pairs.append(_of_version(reference.figures, window.figures.chosen(own), notes))
    if own.sum() < len(window):
        compared = "saliency and features were compared over these alone" if len(pairs) > 1 else "saliency and features were not compared"
        notes.append(f"{own.sum()} of {len(window)} images were inspected with the version that the reference is of; {compared}")
    elif len(pairs) == 1:
        notes.append(f"saliency and features were not compared: that takes {LEAST_OF_VERSION} images, and the window has {len(window)}")
    if window.repeated:
        notes.append(f"{window.repeated} repeated inspections of the same files were left out")
    # Each kind gets its share of the rate; a chance is told of both together, so that it is held against the whole.
    shares = [compare(known, seen, rate / len(pairs)) for known, seen in pairs]
    found = [replace(one, chance=min(one.chance * len(pairs), 1.0)) for share in shares for one in share]
    known, seen = ({key: values for pair in pairs for key, values in pair[side].items()} for side in (0, 1))
    status = DRIFTED if any(one.moved for one in found) else STEADY
    return Verdict(status, rate, tuple(found), known, seen, tuple(notes), about)


def _columns(kind: str, reference: Figures, window: Figures) -> tuple[dict[str, Values], dict[str, Values]]:
    keys = [key for key in keys_of(kind) if key in reference.columns]
    return {key: reference.columns[key] for key in keys}, {key: window.columns[key] for key in keys}


def _of_version(reference: Figures, window: Figures, notes: list[str]) -> tuple[dict[str, Values], dict[str, Values]]:
    known, seen = _columns(MODEL, reference, window)
    lacking = [name for name, one in (("the reference's", reference), ("the window's", window)) if not _has_features(one)]
    if lacking or reference.features.shape[1] != window.features.shape[1]:
        whose = " and ".join(lacking) or "the window's"
        notes.append(
            f"{whose} images have no encoder features, which PyTorch, exported files and other methods do not give;"
            " features were not compared"
        )
        return known, seen
    projection = fit_projection(np.concatenate([reference.features, window.features]))
    return known | projection.columns(reference.features), seen | projection.columns(window.features)


def _has_features(figures: Figures) -> bool:
    return figures.features.shape[1] > 0 and bool(np.isfinite(figures.features).all())


def _rounded(values: Values) -> float:
    return float(f"{np.median(values):.5g}")
