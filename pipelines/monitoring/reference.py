"""The reference: what serving would write down of the training images, computed once for each split and version."""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from pipelines.monitoring.figures import Figures, figures_of
from pipelines.monitoring.training_split import TrainingSplit
from pipelines.serving.inspecting import Wanted, inspect_image
from pipelines.serving.limits import Limits, RefusedError
from pipelines.serving.loaded import Loaded
from pipelines.serving.log import row_of
from pipelines.serving.reading import Upload
from tsernet.data.partial import whole_file
from tsernet.errors import UserError

FORMAT = 1
"""Counts up when a figure is computed in another way: what was remembered before is then computed again."""
MOST_IMAGES = 1000
"""Of a larger split so many are drawn: more make the comparison hardly finer, and each costs a pass of the network."""
_LIMITS = Limits(pixels=2**40, work_seconds=float("inf"))


@dataclass(frozen=True)
class Reference:
    """The figures of training images.

    Attributes:
        figures: Of them.
        split: Digest of the training split.
        weights: Digest of the weights that inspected them.
        of: How many images the split has.
    """

    figures: Figures
    split: str
    weights: str
    of: int


def remembered(folder: Path, split: str, weights: str) -> Reference | None:
    """Read the reference of a split and a version; None if it was not made yet, by other statistics, or its file is damaged."""
    path = _path(folder, split, weights)
    if not path.is_file():
        return None
    try:
        with path.open("rb") as stream, np.load(stream) as kept:
            about = json.loads(str(kept["about"]))
            if about["format"] != FORMAT or (about["split"], about["weights"]) != (split, weights):
                return None
            columns = {key.removeprefix("column_"): kept[key] for key in kept.files if key.startswith("column_")}
            features = kept["features"]
    except (BadZipFile, zlib.error, EOFError, ValueError, KeyError):  # as a power cut may leave it; it is made again, and that is said
        return None
    return Reference(Figures(columns, features, (weights,) * len(features)), split, weights, about["of"])


def build(folder: Path, split: TrainingSplit, model: Loaded, report: Callable[[str], None] | None = None) -> Reference:
    """Inspect the training images as serving does, and remember what was found.

    Args:
        folder: Where references are remembered.
        split: The training images.
        model: The version.
        report: Called with a line now and then.
    """
    say = report or (lambda line: print(line, file=sys.stderr, flush=True))
    names = _drawn(split)
    say(f"reference: inspecting {len(names)} of {len(split.names)} training images with {model.name}; once for this split and version")
    figures = figures_of(list(_rows(names, split, model)))
    found = Reference(figures, split.digest, model.weights_sha256, len(split.names))
    remember(folder, found)
    return found


def remember(folder: Path, found: Reference) -> None:
    """Write a reference down, whole or not at all."""
    about = {"format": FORMAT, "split": found.split, "weights": found.weights, "of": found.of}
    path = _path(folder, found.split, found.weights)
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {f"column_{key}": values for key, values in found.figures.columns.items()}
    with whole_file(path, is_suffix_kept=True) as partial:
        np.savez_compressed(partial, about=np.array(json.dumps(about)), features=found.figures.features, **arrays)


def _rows(names: list[str], split: TrainingSplit, model: Loaded) -> Iterator[dict[str, Any]]:
    def inspect(name: str) -> dict[str, Any]:
        content = split.read(name)
        try:
            found = inspect_image(Upload(name, content), model, Wanted(), _LIMITS)
        except RefusedError as error:
            raise UserError(f"training image {name}: {error.sentence}") from None
        return row_of(found, "champion", model, hashlib.sha256(content).hexdigest(), datetime.now(UTC))

    with ThreadPoolExecutor(model.callers) as threads:
        yield from threads.map(inspect, names)


def _drawn(split: TrainingSplit) -> list[str]:
    if len(split.names) <= MOST_IMAGES:
        return list(split.names)
    seed = int(hashlib.sha256(split.digest.encode()).hexdigest()[:8], 16)
    chosen = np.random.default_rng(seed).choice(len(split.names), MOST_IMAGES, replace=False)
    return [split.names[index] for index in sorted(chosen)]


def _path(folder: Path, split: str, weights: str) -> Path:
    return folder / f"reference-{split[:16]}-{weights[:16]}.npz"
