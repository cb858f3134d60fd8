"""What must be measured on the prepared files themselves, since it hangs on more than one file: levels and the training's scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from tsernet.data.lost import Lost, lost_defects
from tsernet.data.pixels import read_image
from tsernet.data.prepare.manifest import Row
from tsernet.data.progress import in_parallel
from tsernet.images.decode import decode
from tsernet.images.levels import Levels


def clipped_shares(rows: Sequence[Row], images: Path, levels: Levels | None) -> dict[str, float]:
    """Give the share of samples that the levels clip, for each image of more than 8 bits.

    Args:
        rows: The manifest.
        images: Folder of the prepared images.
        levels: None for a set of 8-bit images.
    Returns:
        Shares in [0, 1] by name.
    """
    deep = [row.name for row in rows if row.usable and (row.bits or 8) > 8]
    if levels is None or not deep:
        return {}
    shares = in_parallel(partial(_clipped, images, levels), deep, "looking at the levels")
    return dict(zip(deep, shares, strict=True))


def find_lost(rows: Sequence[Row], masks: Path, scale: int, window: int = 0) -> dict[str, Lost]:
    """Find the defects that vanish when training reduces their masks.

    Args:
        rows: The manifest.
        masks: Folder of the prepared masks.
        scale: Side to which training resizes, pixels; a mask that is no larger loses nothing and is not read.
        window: Side of the windows that are resized so (`train.window`); 0 where whole images are.
    Returns:
        By name, where any defect is lost.
    """
    marked = [row for row in rows if row.usable and row.defect_pixels]
    sizes = {row.name: _reduced(row.height or 1, row.width or 1, scale, window) for row in marked}
    larger = [row.name for row in marked if max(row.width or 0, row.height or 0) > max(sizes[row.name])]
    if not larger:
        return {}
    found = dict(zip(larger, in_parallel(partial(_lost, masks, sizes), larger, "looking for defects lost"), strict=True))
    return {name: one for name, one in found.items() if one.lost}


def _clipped(images: Path, levels: Levels, name: str) -> float:
    samples = decode(images / f"{name}.png", None).pixels
    return levels.clipped_share(samples.astype("uint16"))


def _reduced(height: int, width: int, scale: int, window: int) -> tuple[int, int]:
    if not window or max(height, width) <= window:
        return scale, scale
    return max(1, round(height * scale / window)), max(1, round(width * scale / window))


def _lost(masks: Path, sizes: Mapping[str, tuple[int, int]], name: str) -> Lost:
    return lost_defects(read_image(masks / f"{name}.png", max_pixels=None), sizes[name])
