"""One map against one mask: the ten measures and the curves that are reported.

They equal PySODMetrics' to the last digits (tests/tsernet/metrics/test_reference.py), with which the field reports, save where that is NaN.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tsernet.metrics.structure import s_measure
from tsernet.metrics.thresholds import BETA_SQUARED as BETA_SQUARED
from tsernet.metrics.thresholds import Marked
from tsernet.metrics.weighted import weighted_f

THRESHOLDS = 256

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
        mask: uint8, (H, W); above 128 is defect.
    Returns:
        sha256 over height, width and the binary pixels, so that 0/1 in another file format is the same mask.
    """
    head = f"{mask.shape[0]}x{mask.shape[1]}:".encode()
    return hashlib.sha256(head + np.packbits(mask > 128).tobytes()).hexdigest()


def measure_map(name: str, saliency: Grey, mask: Grey, *, resized: bool = False) -> Measured:
    """Score one map.

    The map is stretched to its own minimum and maximum first; a constant one stays as it is. What depends on thresholds alone follows from
    the levels of ground and defect, 256 numbers each, so that only three measures look at pixels.

    No value is NaN. An empty mask: S is 1 − the map's mean, E the share of pixels below the threshold, and F, weighted F and IoU are 0
    whatever the map (there is nothing to find, so nothing counts as found). A full mask: S is the map's mean, E the share of pixels from
    the threshold upwards, the others as ever.

    Args:
        name: The image's name, for the record.
        saliency: uint8, (H, W), 0…255.
        mask: uint8, (H, W); above 128 is defect.
        resized: Whether the map was brought to the mask's size, for the record.
    Raises:
        ValueError: If shapes differ, an image holds fewer than two pixels, or a dtype is not uint8.
    """
    _check(name, saliency, mask)
    truth = mask > 128
    levels = _stretched_levels(saliency)
    stretched = levels[saliency]
    ground, defect = (np.bincount(saliency[part], minlength=THRESHOLDS) for part in (~truth, truth))
    # A level's place among the 256 thresholds is rounded down, as the paper's tools do.
    places = (levels * 255).astype(np.uint8)
    by_place = [np.bincount(places, weights=one, minlength=THRESHOLDS).astype(np.int64) for one in (ground, defect)]
    curves = Marked.at_every_level(*by_place)
    adaptive = Marked.among(ground, defect, levels >= min(2 * stretched.mean(), 1.0))
    return Measured(
        name=name,
        shape=(int(mask.shape[0]), int(mask.shape[1])),
        coverage=float(truth.mean()),
        mask_digest=mask_digest(mask),
        resized=resized,
        s_measure=s_measure(stretched, truth),
        mae=float(np.abs(stretched - truth).mean()),
        adaptive_e_measure=float(adaptive.e_measure()[0]),
        adaptive_f_measure=float(adaptive.f_measure()[0]),
        weighted_f_measure=weighted_f(stretched, truth),
        iou=float(Marked.among(ground, defect, levels > 0.5).iou()[0]),
        e_curve=curves.e_measure(),
        f_curve=curves.f_measure(),
        precision=curves.precision(),
        recall=curves.recall(),
        iou_curve=curves.iou(),
        histogram=np.stack([ground, defect]),
    )


def _stretched_levels(saliency: Grey) -> Floats:
    """Give what each level becomes, float64 (256,), in [0, 1] where the map has it."""
    levels = np.arange(THRESHOLDS) / 255
    low, high = levels[saliency.min()], levels[saliency.max()]
    return np.clip((levels - low) / (high - low), 0.0, 1.0) if high > low else levels


def _check(name: str, saliency: Grey, mask: Grey) -> None:
    if saliency.shape != mask.shape or mask.ndim != 2:
        raise ValueError(f"{name}: expected a map and a mask of one shape (H, W), got {saliency.shape} and {mask.shape}")
    if mask.size < 2:
        raise ValueError(f"{name}: expected at least two pixels, got shape {mask.shape}")
    if saliency.dtype != np.uint8 or mask.dtype != np.uint8:
        raise ValueError(f"{name}: expected uint8, got {saliency.dtype} and {mask.dtype}")
