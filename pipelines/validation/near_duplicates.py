"""Images that look alike across splits: re-encoded, flipped or turned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tsernet.data.pixels import read_samples
from tsernet.data.prepare.hashing import grey_floats, orientations
from tsernet.data.prepare.manifest import Row

# Hashes propose, pixels decide: the correlation of 48×48 reductions in the best of the eight orientations.
_SIDE = 48
_ALIKE = 0.985
_BLOCK = 512


def find_near_duplicates(rows: Sequence[Row], splits: Mapping[str, Sequence[str]], images: Path, bits: int) -> dict[str, list[str]]:
    """Find images with a near duplicate in another split.

    Args:
        rows: The manifest.
        splits: Names by split.
        images: Folder of the prepared images.
        bits: In how many of 63 bits two perceptual hashes may differ for the pixels to be compared.
    Returns:
        Name → names of its near duplicates elsewhere; equal pixels are left out, they are found by their digest.
    """
    known = {row.name: row for row in rows if row.usable}
    parts = [sorted({name for name in names if name in known}) for names in splits.values()]
    found: dict[str, list[str]] = defaultdict(list)
    for one, other in combinations(parts, 2):
        for first, second in _candidates([known[name] for name in one], [known[name] for name in other], bits):
            if first.image_digest != second.image_digest and _look_alike(images, first.name, second.name):
                found[first.name].append(second.name)
                found[second.name].append(first.name)
    return dict(found)


def _candidates(one: Sequence[Row], other: Sequence[Row], bits: int) -> list[tuple[Row, Row]]:
    """Pairs whose hashes are close in some orientation; in blocks, so that memory stays flat."""
    pairs = []
    turned = orientations(_hashes(other))
    for start in range(0, len(one), _BLOCK):
        block = one[start : start + _BLOCK]
        distance = np.full((len(block), len(other)), 64, dtype=np.uint8)
        for hashes in turned:
            np.minimum(distance, np.bitwise_count(_hashes(block)[:, None] ^ hashes[None]), out=distance)
        pairs += [(block[i], other[j]) for i, j in np.argwhere(distance <= bits).tolist()]
    return pairs


def _hashes(rows: Sequence[Row]) -> NDArray[np.uint64]:
    return np.array([int(row.perceptual_hash or "0", 16) for row in rows], dtype=np.uint64)


def _look_alike(images: Path, first: str, second: str) -> bool:
    one, other = _reduced(images / f"{first}.png"), _reduced(images / f"{second}.png")
    turns = [np.rot90(plane, turn) for plane in (other, other.T) for turn in range(4)]
    return max(float((one * plane).mean()) for plane in turns) >= _ALIKE


def _reduced(path: Path) -> NDArray[np.float64]:
    """Grey, 48×48, zero mean and unit deviation."""
    samples = read_samples(path, max_pixels=None)
    # Of deeper images in floats: a correlation needs no levels.
    image = Image.fromarray(samples).convert("L") if samples.dtype == np.uint8 else grey_floats(samples)
    grey = np.asarray(image.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.float64)
    standard: NDArray[np.float64] = (grey - grey.mean()) / max(float(grey.std()), 1e-6)
    return standard
