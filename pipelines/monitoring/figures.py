"""Rows of the inspection log as columns of figures; of the reference's images too, which are rows like any other."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

READ = (
    *("id", "at", "name", "image_sha256", "role", "model", "weights_sha256", "brightness", "contrast", "sharpness", "clipped"),
    *("saliency_mean", "saliency_p99", "saliency_peak", "saliency_histogram", "features"),
)
"""Columns of the log that are used here. What depends on a threshold is not: a request may ask for another one."""
_SURE = 8
"""The first and the last eighth of saliency count as sure."""


@dataclass(frozen=True)
class Figures:
    """Of images, in their order.

    Attributes:
        columns: By key of `tsernet.drift.COLUMNS`, (N,) each; those of the features are not among them.
        features: (N, C) float32, a row of NaN where an image has none; (N, 0) if none has.
        weights: Digest of the weights that each was inspected with.
    """

    columns: Mapping[str, NDArray[np.float64]]
    features: NDArray[np.float32]
    weights: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.weights)

    def chosen(self, which: NDArray[np.bool_]) -> Figures:
        """Keep some images, bool (N,)."""
        kept = tuple(one for one, keep in zip(self.weights, which, strict=True) if keep)
        return Figures({key: values[which] for key, values in self.columns.items()}, self.features[which], kept)


def figures_of(rows: Sequence[Mapping[str, Any]]) -> Figures:
    """Read figures out of rows with the columns READ."""
    columns: dict[str, list[float]] = {}
    for row in rows:
        for key, value in _figures(row).items():
            columns.setdefault(key, []).append(value)
    return Figures(
        {key: np.array(values, dtype=np.float64) for key, values in columns.items()},
        _stacked([row["features"] for row in rows]),
        tuple(str(row["weights_sha256"]) for row in rows),
    )


def sharpness(variance: ArrayLike) -> NDArray[np.float64]:
    """Bring a Laplacian's variance to logarithms: a blurred image has a fraction of it, and every such step counts alike.

    It changes no distance, only what people see.
    """
    return np.log10(np.asarray(variance, dtype=np.float64) + 1e-3)


def sharpness_variance(logarithms: ArrayLike) -> NDArray[np.float64]:
    """Undo `sharpness`."""
    return 10.0 ** np.asarray(logarithms, dtype=np.float64) - 1e-3


def _figures(row: Mapping[str, Any]) -> dict[str, float]:
    counts = np.array(json.loads(row["saliency_histogram"]), dtype=np.float64)
    sure = len(counts) // _SURE
    return {
        **{key: float(row[key]) for key in ("brightness", "contrast")},
        "sharpness": float(sharpness(row["sharpness"])),
        **{key: float(row[key]) for key in ("clipped", "saliency_mean", "saliency_p99", "saliency_peak")},
        "saliency_unsure": float(counts[sure:-sure].sum() / counts.sum()),
    }


def _stacked(found: Sequence[bytes | None]) -> NDArray[np.float32]:
    """Put features side by side; an image whose features are of another length than most (another network) counts as one without."""
    lengths = [len(one) for one in found if one]
    if not lengths:
        return np.zeros((len(found), 0), dtype=np.float32)
    usual = max(sorted(set(lengths)), key=lengths.count)
    none = np.full(usual // 4, np.nan, dtype="<f4").tobytes()
    return np.stack([np.frombuffer(one if one and len(one) == usual else none, dtype="<f4") for one in found]).astype(np.float32)
