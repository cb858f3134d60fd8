"""The strip's protocol in `evaluate`: calibration and operating point from the validation split, and what they give on the test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tsernet.config import Params
from tsernet.protocol import Calibration, Protocol, protocol_of

if TYPE_CHECKING:
    from tsernet.images.levels import Levels
    from tsernet.operating import ImageCurve
    from tsernet.tiles.predictor import Forward

_SEED = 20_220_801
_PIXELS_EACH = 100_000
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Sample:
    """A validation image, or a clean window of one: uint8 (H, W) or (H, W, 3), and its mask uint8 (H, W)."""

    name: str
    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]


@dataclass(frozen=True)
class Fitted:
    """The model's protocol, with what the validation split chose, and how that was.

    Attributes:
        protocol: Calibrated, with its operating point.
        figures: For metrics.json.
    """

    protocol: Protocol
    figures: dict[str, Any]


def base_protocol(metadata: Mapping[str, str], params: Params) -> Protocol:
    """Give the strip's protocol of a model before anything is fitted."""
    size = params.dataset.pixel_mm
    known = {key: value for key, value in metadata.items() if key not in ("calibration", "threshold", "min_area")}
    return replace(protocol_of(known, "strip"), pixel_mm=None if isinstance(size, str) else size, flips=params.evaluate.flips)


def fit(
    forward: Forward, base: Protocol, names: Sequence[str], params: Params, prepared: Path, levels: Levels | None, progress: Progress
) -> Fitted:
    """Calibrate a model and choose its operating point on validation images.

    Where training had clean windows, so has the choice: cut from the unmarked parts of the validation images by the same rule.

    Args:
        forward: The network.
        base: Its protocol, uncalibrated.
        names: Of the validation split.
        params: `operate`, `train.window` and `train.clean_share` count.
        prepared: Folder with images/ and masks/.
        levels: Of a set of more than 8 bits.
        progress: Called with (done, all) as images are finished.
    Raises:
        UserError: If the rule cannot choose with these images.
    """
    from tsernet.operating import choose, fit_calibration
    from tsernet.saliency import StripMaps

    window = params.train.window if params.train.clean_share > 0 else 0
    count = 2 * len(names)
    raw = StripMaps(forward, base)
    pairs = ((_thinned(raw.predict([one.image])[0], one.mask)) for one in _samples(names, prepared, levels, window, progress, 0, count))
    calibration = fit_calibration(pairs) if names else Calibration()
    calibrated = replace(base, calibration=calibration)
    maker = StripMaps(forward, calibrated)
    curves, before, after = [], _Errors(), _Errors()
    for one in _samples(names, prepared, levels, window, progress, len(names), count):
        saliency = maker.predict([one.image])[0]
        curves.append(_measure(one.name, saliency, one.mask, params.operate.min_area))
        before.add(_uncalibrated(saliency, calibration), one.mask)
        after.add(saliency, one.mask)
    point = choose(curves, params.operate)
    figures = {
        "calibration_scale": calibration.scale,
        "calibration_offset": calibration.offset,
        "operating_threshold": point.threshold,
        "operating_min_area": point.min_area,
        "operating_rule": point.rule,
        "validation_calibration_error": before.error(),
        "validation_calibration_error_after": after.error(),
        **_at(curves, point.level, "validation_"),
    }
    return Fitted(replace(calibrated, operating_point=point), figures)


def detection_figures(curves: Sequence[ImageCurve], protocol: Protocol) -> dict[str, Any]:
    """Say what is found on test images at the operating point, and how well images are told apart at any."""
    from tsernet.operating import image_figures

    return {**_at(curves, protocol.operating_point.level, ""), **image_figures(curves)}


def measure_maps(maps: Path, masks: Path, names: Sequence[str], min_area: float) -> list[ImageCurve]:
    """Measure maps that are on the disk."""
    from tsernet.metrics import read_grey

    return [
        _measure_8bit(name, read_grey(maps / f"{name}.png", max_pixels=None), read_grey(masks / f"{name}.png", max_pixels=None), min_area)
        for name in names
    ]


def write_froc(curves: Sequence[ImageCurve], path: Path) -> None:
    """Write the free-response ROC, a row a threshold; the header alone without images."""
    from tsernet.metrics.export import write_csv
    from tsernet.operating import curve_of

    header = ["threshold", "found", "found_small", "found_medium", "found_large", "false_per_megapixel", "marked_defective", "marked_clean"]
    if not curves:
        write_csv(path, header, [])
        return
    curve = curve_of(curves)
    columns = (curve.levels, curve.found, *curve.found_by_size.T, curve.per_megapixel, curve.marked_defective, curve.marked_clean)
    rows = ([_cell(value) for value in row] for row in zip(*columns, strict=True))
    write_csv(path, header, rows)


def write_clean(curves: Sequence[ImageCurve], level: int, digests: Mapping[str, str], path: Path) -> None:
    """Write what is marked falsely on each clean test image at the operating point: a challenger that cries wolf more is seen by it.

    Args:
        curves: Of the test images, of which the clean ones are taken.
        level: The operating point, 8-bit.
        digests: Of the masks, by name.
        path: The CSV file.
    """
    from tsernet.metrics.export import write_csv
    from tsernet.operating import place_of

    place = place_of(level)
    rows = [
        [one.name, digests[one.name], int(one.marked[place]), int(one.false_components[place]), one.ground]
        for one in sorted(curves, key=lambda one: one.name)
        if one.is_clean
    ]
    write_csv(path, ["name", "mask_digest", "marked", "false_components", "pixels"], rows)


class Remembered:
    """A network that answers from memory what it was asked before: the validation images go through it three times.

    Args:
        forward: The network.
        most: So many answers at most are kept, bytes.
    """

    def __init__(self, forward: Forward, most: int = 256 * 2**20) -> None:
        self._forward, self._room = forward, most
        self._known: dict[bytes, NDArray[np.float32]] = {}

    def __call__(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Answer as the network does; nobody may write into the answer."""
        key = hashlib.blake2b(np.ascontiguousarray(inputs), digest_size=32).digest() + repr(inputs.shape).encode()
        answer = self._known.get(key)
        if answer is None:
            answer = self._forward(inputs)
            answer.flags.writeable = False
            if answer.nbytes <= self._room:
                self._room -= answer.nbytes
                self._known[key] = answer
        return answer


class _Errors:
    """Sums up, over images, how far saliency is from the share of defect pixels."""

    def __init__(self) -> None:
        self._histogram = np.zeros((1, 2, 256), dtype=np.int64)

    def add(self, saliency: NDArray[np.float32], mask: NDArray[np.uint8]) -> None:
        values = np.rint(saliency * 255.0).astype(np.int64)
        for row, where in enumerate((mask == 0, mask > 0)):
            self._histogram[0, row] += np.bincount(values[where], minlength=256)

    def error(self) -> float:
        from tsernet.report.calibration import reliability

        return reliability(self._histogram).error if self._histogram.any() else 0.0


def _samples(
    names: Sequence[str], prepared: Path, levels: Levels | None, window: int, progress: Progress, done: int, count: int
) -> Iterator[Sample]:
    from PIL import Image

    from tsernet.data.pixels import read_image
    from tsernet.data.windows import clean_places

    for index, name in enumerate(names):
        image = read_image(prepared / "images" / f"{name}.png", levels, max_pixels=None)
        mask = read_image(prepared / "masks" / f"{name}.png", max_pixels=None)
        yield Sample(name, image, mask)
        if window and mask.any() and (places := clean_places(image, mask, window)):
            cut = places.draw(np.random.default_rng((_SEED, index)))
            piece = np.ascontiguousarray(cut.of(image))
            empty = np.zeros(piece.shape[:2], dtype=np.uint8)
            yield Sample(f"{name} (clean window)", piece, empty)
            if cut.side < window:
                large = np.asarray(Image.fromarray(piece).resize((window, window), Image.Resampling.BICUBIC))
                yield Sample(f"{name} (clean window, enlarged)", large, np.zeros((window, window), dtype=np.uint8))
        progress(done + index + 1, count)


def _thinned(saliency: NDArray[np.float32], mask: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Take some pixels of an image, as logits: all of a small one, every so many-th of a large one."""
    step = max(1, saliency.size // _PIXELS_EACH)
    clipped = saliency.ravel()[::step].clip(1e-7, 1.0 - 1e-7)
    return np.log(clipped / (1.0 - clipped)).astype(np.float32), mask.ravel()[::step]


def _uncalibrated(saliency: NDArray[np.float32], calibration: Calibration) -> NDArray[np.float32]:
    clipped = saliency.astype(np.float64).clip(1e-7, 1.0 - 1e-7)
    logits = (np.log(clipped / (1.0 - clipped)) - calibration.offset) / calibration.scale
    return Calibration().apply(logits.astype(np.float32))


def _measure(name: str, saliency: NDArray[np.float32], mask: NDArray[np.uint8], min_area: float) -> ImageCurve:
    from tsernet.inference import to_uint8

    return _measure_8bit(name, to_uint8(saliency), mask, min_area)


def _measure_8bit(name: str, saliency: NDArray[np.uint8], mask: NDArray[np.uint8], min_area: float) -> ImageCurve:
    from tsernet.operating import measure_image

    # Masks are binary by now; what is above 128 counts everywhere.
    return measure_image(name, saliency, (mask > 128).astype(np.uint8), min_area)


def _at(curves: Sequence[ImageCurve], level: int, prefix: str) -> dict[str, Any]:
    from tsernet.operating import curve_of, place_of

    if not curves:
        return {}
    curve, place = curve_of(curves), place_of(level)
    values = {
        "found_share": curve.found[place],
        "false_per_megapixel": curve.per_megapixel[place],
        "marked_defective": curve.marked_defective[place],
        "marked_clean": curve.marked_clean[place],
    }
    counts = {"clean_images": sum(one.is_clean for one in curves), "defective_images": sum(not one.is_clean for one in curves)}
    return {f"{prefix}{key}": None if np.isnan(value) else float(value) for key, value in values.items()} | {
        f"{prefix}{key}": value for key, value in counts.items()
    }


def _cell(value: Any) -> Any:
    number = float(value)
    return "" if np.isnan(number) else int(number) if number == int(number) else round(number, 6)
