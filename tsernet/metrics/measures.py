"""One map against one mask: PySODMetrics does the maths, this file calls its parts once each."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tsernet.metrics.library import fmeasure, prepare_data, sod

BETA_SQUARED = 0.3
THRESHOLDS = 256
# Half of the 7×7 Gaussian window of weighted F.
_REACH = 3

Grey = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Measure(NamedTuple):
    """A measure's key in files, its name for readers, and whether a higher value is better."""

    key: str
    label: str
    higher_is_better: bool


MEASURES: tuple[Measure, ...] = (
    Measure("s_measure", "S-measure", True),
    Measure("mae", "MAE", False),
    Measure("max_e_measure", "max E", True),
    Measure("mean_e_measure", "mean E", True),
    Measure("adaptive_e_measure", "adaptive E", True),
    Measure("max_f_measure", "max F", True),
    Measure("mean_f_measure", "mean F", True),
    Measure("adaptive_f_measure", "adaptive F", True),
    Measure("weighted_f_measure", "weighted F", True),
    Measure("iou", "IoU", True),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """All that one image yields.

    Curves are (256,), by ascending threshold 0…255 of the map stretched to its own minimum and maximum; a pixel counts as defect from the
    threshold upwards. `histogram` is (2, 256): how many background (row 0) and defect pixels (row 1) have each value of the map as given.
    """

    name: str
    shape: tuple[int, int]
    coverage: float
    mask_digest: str
    resized: bool
    s_measure: float
    mae: float
    adaptive_e_measure: float
    adaptive_f_measure: float
    weighted_f_measure: float
    iou: float
    e_curve: Floats
    f_curve: Floats
    precision: Floats
    recall: Floats
    iou_curve: Floats
    histogram: Counts


def mask_digest(mask: Grey) -> str:
    """Name a mask by its content.

    Args:
        mask: uint8, (H, W); above 128 is defect, as PySODMetrics reads it.
    Returns:
        sha256 over height, width and the binary pixels, so that 0/1 in another file format is the same mask.
    """
    head = f"{mask.shape[0]}x{mask.shape[1]}:".encode()
    return hashlib.sha256(head + np.packbits(mask > 128).tobytes()).hexdigest()


class _Smeasure(sod.Smeasure):  # type: ignore[misc]  # the library has no types
    """The library's S-measure without its NaN for a defect whose centroid lies in the last row or column.

    There one of the four quadrants is empty: its weight is 0 and its similarity the mean of nothing.
    """

    def ssim(self, pred: Floats, gt: npt.NDArray[np.bool_]) -> float:
        return float(super().ssim(pred, gt)) if pred.size else 0.0


class Meter:
    """Measure images one after the other.

    The library's own classes normalise the pair once each; here that is done once for all of them, F-measure, precision, recall and IoU
    share their threshold counts, and weighted F sees no more of the image than it depends on.
    """

    def __init__(self) -> None:
        self._mae = sod.MAE()
        self._s = _Smeasure()
        self._e = sod.Emeasure()
        self._weighted = sod.WeightedFmeasure()
        self._f = fmeasure.FmeasureHandler(with_dynamic=True, with_adaptive=True, beta=BETA_SQUARED)
        self._precision = fmeasure.PrecisionHandler(with_dynamic=True, with_adaptive=False)
        self._recall = fmeasure.RecallHandler(with_dynamic=True, with_adaptive=False)
        self._iou = fmeasure.IOUHandler(with_dynamic=True, with_adaptive=False, with_binary=True)
        handlers = {"f": self._f, "precision": self._precision, "recall": self._recall, "iou": self._iou}
        self._curves = fmeasure.FmeasureV2(handlers)

    def measure(self, name: str, saliency: Grey, mask: Grey, *, resized: bool = False) -> Measured:
        """Score one map.

        No value is NaN. An empty mask: S is 1 − the map's mean, E the share of pixels below the threshold, and F, weighted F and IoU are 0
        whatever the map (there is nothing to find, so the library counts nothing as found). A full mask: S is the map's mean, E the share
        of pixels from the threshold upwards, the others as ever. The library stretches each map to its own minimum and maximum first; a
        constant map stays as it is.

        Args:
            name: The image's name, for the record.
            saliency: uint8, (H, W), 0…255.
            mask: uint8, (H, W); above 128 is defect.
            resized: Whether the map was brought to the mask's size, for the record.
        Raises:
            ValueError: If shapes differ, an image holds fewer than two pixels, or a dtype is not uint8.
        """
        _check(name, saliency, mask)
        stretched, truth = prepare_data(saliency, mask)
        for meter in (self._mae, self._s, self._e, self._curves):
            meter.step(stretched, truth, normalize=False)
        window = _window(stretched, truth)
        self._weighted.step(stretched[window], truth[window], normalize=False)
        return Measured(
            name=name,
            shape=(int(mask.shape[0]), int(mask.shape[1])),
            coverage=float(truth.mean()),
            mask_digest=mask_digest(mask),
            resized=resized,
            s_measure=float(self._s.sms.pop()),
            mae=float(self._mae.maes.pop()),
            adaptive_e_measure=float(self._e.adaptive_ems.pop()),
            adaptive_f_measure=float(self._f.adaptive_results.pop()),
            weighted_f_measure=float(self._weighted.weighted_fms.pop()),
            iou=float(self._iou.binary_results.pop()),
            e_curve=_ascending(self._e.changeable_ems),
            f_curve=_ascending(self._f.dynamic_results),
            precision=_ascending(self._precision.dynamic_results),
            recall=_ascending(self._recall.dynamic_results),
            iou_curve=_ascending(self._iou.dynamic_results),
            histogram=np.stack([np.bincount(saliency[~truth], minlength=256), np.bincount(saliency[truth], minlength=256)]),
        )


def _window(stretched: Floats, truth: npt.NDArray[np.bool_]) -> tuple[slice, slice]:
    """Find the part of an image that weighted F depends on.

    It takes three quarters of the library's time, and a background pixel of saliency 0 adds exactly nothing to it, save that the 7×7 window
    round a defect pixel looks three pixels far. So the rest of the image need not be handed over.
    """
    counts = truth | (stretched > 0)
    sides = []
    for axis in (1, 0):
        places = np.flatnonzero(counts.any(axis=axis))
        first, last = (int(places[0]), int(places[-1])) if places.size else (0, 0)
        sides.append(slice(max(first - _REACH, 0), last + _REACH + 1))
    return sides[0], sides[1]


def _ascending(results: list[Any]) -> Floats:
    # The library counts down from 255.
    return np.asarray(results.pop(), dtype=np.float64)[::-1]


def _check(name: str, saliency: Grey, mask: Grey) -> None:
    if saliency.shape != mask.shape or mask.ndim != 2:
        raise ValueError(f"{name}: expected a map and a mask of one shape (H, W), got {saliency.shape} and {mask.shape}")
    if mask.size < 2:
        raise ValueError(f"{name}: expected at least two pixels, got shape {mask.shape}")
    if saliency.dtype != np.uint8 or mask.dtype != np.uint8:
        raise ValueError(f"{name}: expected uint8, got {saliency.dtype} and {mask.dtype}")
