"""One image file through one model: decoded, mapped, its defects listed, its figures taken."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.serving.limits import Limits, RefusedError
from pipelines.serving.loaded import Loaded, Watched
from pipelines.serving.reading import Upload
from tsernet.data.atomic import png_bytes
from tsernet.defects import Runs, find_defects, runs_of_rows
from tsernet.defects.runs import label_runs
from tsernet.images.decode import decode
from tsernet.images.errors import ImageError
from tsernet.images.levels import CountingLevels, Levels, to_8bit
from tsernet.inference import to_uint8
from tsernet.inspection import ImageStatistics, Inspected, SaliencyStatistics, image_statistics, saliency_statistics
from tsernet.protocol import OperatingPoint
from tsernet.tiles import ArrayRows
from tsernet.tiles.predictor import Forward

_STATUS = {"bomb": 413, "unreadable": 415, "no-bytes": 415, "mode": 415, "codec": 415}
"""HTTP's status of an image error's code; of all others 422: an image by its kind, which cannot be used."""


@dataclass(frozen=True)
class Wanted:
    """What a request asks for beyond the verdict; None is the model's own."""

    threshold: float | None = None
    min_area: float | None = None
    levels: Levels | None = None
    map: bool = False
    image: bool = False


@dataclass(frozen=True)
class Inspection:
    """What was found in one image.

    Attributes:
        name: Of the file, as the client says.
        pixels: The image as the network saw it, uint8 (H, W) or (H, W, 3).
        saliency: Its map, uint8 (H, W).
        bits: Of a sample in the file.
        warnings: What speaks against the levels, a line each.
        threshold, min_area: As they were applied.
        defects: A mapping each; the largest, where there are more than may be listed.
        total: How many there are.
        statistics: Of the image.
        spread: Of the map.
        features: Of the network's encoder, their means over the image, float32 (C,); None where the model does not give them.
        seconds: That it took.
    """

    name: str
    pixels: NDArray[np.uint8]
    saliency: NDArray[np.uint8]
    bits: int
    warnings: list[str]
    threshold: float
    min_area: float
    defects: list[dict[str, Any]]
    total: int
    statistics: ImageStatistics
    spread: SaliencyStatistics
    features: NDArray[np.float32] | None
    seconds: float

    @property
    def verdict(self) -> str:
        """`defective` or `clean`."""
        return "defective" if self.total else "clean"

    def described(self, wanted: Wanted) -> dict[str, Any]:
        """Say it as an answer does."""
        height, width = self.saliency.shape
        found: dict[str, Any] = {
            "name": self.name,
            "width": width,
            "height": height,
            "bits": self.bits,
            "warnings": self.warnings,
            "verdict": self.verdict,
            "threshold": self.threshold,
            "min_area": self.min_area,
            "defects_total": self.total,
            "defects": self.defects,
            "statistics": {
                **{key: round(value, 6) for key, value in vars(self.statistics).items()},
                "saliency_mean": round(self.spread.mean, 6),
                "saliency_peak": round(self.spread.peak, 6),
                "marked": round(self.spread.marked, 6),
            },
            "seconds": round(self.seconds, 4),
        }
        if wanted.map:
            found["map"] = base64.b64encode(png(self.saliency)).decode()
        if wanted.image:
            found["image"] = base64.b64encode(png(self.pixels)).decode()
        return found


class PooledFeatures:
    """The means of a network's features over the tiles of one image, each tile by its area.

    Args:
        network: Gives them beside its logits; None where it does not.
    """

    def __init__(self, network: Watched | None) -> None:
        self._network, self._pixels = network, 0
        self._sum = np.zeros(0, dtype=np.float64)

    @property
    def forward(self) -> Forward | None:
        """What the maker of maps is to call; None for its own network."""
        return None if self._network is None else self._run

    def mean(self) -> NDArray[np.float32] | None:
        """Give them, float32 (C,); None where there are none."""
        return (self._sum / self._pixels).astype(np.float32) if self._pixels else None

    def _run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        assert self._network is not None
        logits, features = self._network(inputs)
        pixels = inputs.shape[2] * inputs.shape[3]
        self._sum = features.astype(np.float64).sum(axis=0) * pixels + (self._sum if self._pixels else 0.0)
        self._pixels += len(inputs) * pixels
        return logits


def inspect_image(upload: Upload, model: Loaded, wanted: Wanted, limits: Limits) -> Inspection:
    """Inspect one image file.

    Raises:
        RefusedError: 415 if it is no image that can be read, 422 if one that cannot be used, 413 if it is too large or takes too long.
    """
    started = time.monotonic()
    levels = model.levels or wanted.levels
    counting = None if levels is None else CountingLevels(levels)
    pixels, bits = _decoded(upload.content, counting, limits.pixels)
    least = wanted.min_area if wanted.min_area is not None else model.min_area
    threshold = wanted.threshold if wanted.threshold is not None else model.threshold
    runs, bands, pooled = [], [], PooledFeatures(model.watched)
    for band in model.maker.bands(ArrayRows(pixels), forward=pooled.forward):
        runs.append(runs_of_rows(band.saliency, threshold, band.top))
        bands.append(to_uint8(band.saliency))
        if time.monotonic() - started > limits.work_seconds:
            raise RefusedError(413, f"takes longer than {limits.work_seconds:g} seconds; send it in parts", "slow")
    saliency = np.concatenate(bands)
    defects, total = listed(Runs.join(runs), saliency.shape, least, model.pixel_mm, limits.defects)
    return Inspection(
        name=upload.name,
        pixels=pixels,
        saliency=saliency,
        bits=bits,
        warnings=[] if counting is None else counting.warnings(is_given=model.levels is None),
        threshold=threshold,
        min_area=least,
        defects=defects,
        total=total,
        statistics=image_statistics(pixels),
        spread=saliency_statistics(saliency, OperatingPoint(threshold).level),
        features=pooled.mean(),
        seconds=time.monotonic() - started,
    )


def listed(runs: Runs, shape: tuple[int, ...], min_area: float, pixel_mm: float | None, most: int) -> tuple[list[dict[str, Any]], int]:
    """List the defects, the largest where there are more than may be listed, and say how many there are.

    Each takes its own time to be measured: of a noisy image there may be a million.
    """
    labels, count = label_runs(runs)
    areas = np.bincount(labels, weights=(runs.end - runs.begin).astype(np.float64), minlength=count)
    large = np.flatnonzero(areas >= min_area)
    if len(large) > most:
        chosen = np.zeros(count, dtype=bool)
        chosen[large[np.argsort(areas[large], kind="stable")[-most:]]] = True
        runs = runs.take(chosen[labels])
    height, width = int(shape[0]), int(shape[1])
    found = find_defects(runs, [height], width, min_area)
    rows = Inspected(("",), (height,), width, tuple(found), pixel_mm).rows()
    dropped = ("image", "frames", "last_frame")
    return [{key: value for key, value in row.items() if key not in dropped and value is not None} for row in rows], len(large)


def read_map(content: bytes, limits: Limits) -> NDArray[np.uint8]:
    """Read a map as this service gave it out: 8-bit grey.

    Raises:
        RefusedError: If it is none.
    """
    pixels, _ = _decoded(content, None, limits.pixels)
    if pixels.ndim != 2:
        raise RefusedError(422, "the map is a colour image, expected 8-bit grey, as /v1/inspect gives it")
    return pixels


def png(pixels: NDArray[np.uint8]) -> bytes:
    """Write pixels as a PNG, quickly: it travels over loopback once."""
    return png_bytes(pixels, compress_level=1)


def _decoded(content: bytes, levels: Levels | None, max_pixels: int) -> tuple[NDArray[np.uint8], int]:
    try:
        found = decode(content, max_pixels)
        if found.pixels.dtype != np.uint8 and levels is None:
            most = int(found.pixels.max())
            # Cameras of 12 bits often write files of 16: what the samples reach says more.
            bits = max(most.bit_length(), 9)
            raise RefusedError(
                422,
                f"has {found.bits} bits a sample, up to {most}, and the model has no levels to bring them to 8;"
                f" give the samples that are black and white, such as levels=0,{2**bits - 1}",
                f"levels-{bits}",
            )
        return to_8bit(found.pixels, levels), found.bits
    except ImageError as error:
        raise RefusedError(_STATUS.get(error.code, 422), error.sentence, error.code) from None
    except MemoryError:
        raise RefusedError(413, "is too large for this machine's memory", "memory") from None
