"""Inspection logs and working copies, as `tsernet serve` and `dvc repro` leave them."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from steel import png_of

from pipelines.serving.inspecting import Wanted, inspect_image
from pipelines.serving.limits import Limits
from pipelines.serving.loaded import Loaded
from pipelines.serving.log import COLUMNS, InspectionLog, LogSettings, row_of
from pipelines.serving.reading import Upload

CHANNELS = 8


def made_up(count: int, seed: int, brightness: float = 0.5, **same: Any) -> Iterator[dict[str, Any]]:
    """Rows of images that nobody took, alike but for what is given; their features hang together as a network's do.

    Args:
        count: How many.
        seed: Of them.
        brightness: Their mean; it varies by a tenth.
        same: What is the same for all.
    """
    rng = np.random.default_rng(seed)
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=seed)
    mixing = np.random.default_rng(0).normal(size=(3, CHANNELS))
    for index in range(count):
        inside = rng.dirichlet(np.ones(16)) * 1000
        features = (rng.normal(size=3) @ mixing + rng.normal(0, 0.1, CHANNELS)).astype("<f4")
        row: dict[str, Any] = dict.fromkeys(COLUMNS, 0) | {
            "at": (begin + timedelta(seconds=index)).isoformat(timespec="milliseconds"),
            "name": f"{seed}-{index}.png",
            "image_sha256": hashlib.sha256(f"{seed}-{index}".encode()).hexdigest(),
            "brightness": rng.normal(brightness, 0.1),
            "contrast": rng.gamma(4, 0.02),
            "sharpness": rng.lognormal(4, 1),
            "clipped": rng.choice([0.0, 0.0, 0.0, rng.random()]),
            "saliency_mean": rng.beta(1, 9),
            "saliency_p99": rng.beta(9, 1),
            "saliency_peak": 1.0,
            "saliency_histogram": json.dumps([int(one) for one in inside]),
            "role": "champion",
            "model": "models:/tsernet/1",
            "weights_sha256": "1" * 64,
            "thumbnail": None,
            "features": features.tobytes(),
        }
        yield row | same


def write_log(folder: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Write a log of rows, as if they had been inspected when they say."""
    log = InspectionLog(LogSettings(folder))
    for row in rows:
        log.write(row)
    log.close()
    return folder


def inspected(images: Iterable[tuple[str, NDArray[np.uint8]]], model: Loaded) -> Iterator[dict[str, Any]]:
    """Inspect images as the service does, into rows."""
    for name, pixels in images:
        content = png_of(pixels)
        found = inspect_image(Upload(name, content), model, Wanted(), Limits())
        yield row_of(found, "champion", model, hashlib.sha256(content).hexdigest(), datetime.now(UTC))


def make_working_copy(root: Path, images: Mapping[str, NDArray[np.uint8]]) -> str:
    """Write training images where prepare, split and validate do; gives the digest of the split."""
    folder = root / "data/prepared/images"
    folder.mkdir(parents=True)
    for name, pixels in images.items():
        (folder / f"{name}.png").write_bytes(png_of(pixels))
    (root / "data/splits").mkdir()
    with (root / "data/splits/train.csv").open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines).writerows([("name", "class"), *((name, "defect") for name in images)])
    digest = hashlib.sha256("".join(images).encode()).hexdigest()
    (root / "results/validation").mkdir(parents=True)
    (root / "results/validation/summary.json").write_text(json.dumps({"digests": {"train": digest}}), encoding="utf-8")
    return digest
