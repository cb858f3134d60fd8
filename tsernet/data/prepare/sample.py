"""One raw sample to its prepared files and its row of the manifest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from tsernet.data.disk import png_bytes
from tsernet.data.edges import edge_map
from tsernet.data.layout import RawSample
from tsernet.data.prepare.decode import UInt8, UnusableError, decode_mask, decode_picture
from tsernet.data.prepare.hashing import perceptual_hash, pixel_digest
from tsernet.data.prepare.manifest import Row

_MOST_VALUES = 8
_LEAST_SIDE = 16


@dataclass(frozen=True)
class Job:
    """What every sample is prepared with: where to, the edge's width, and when a file counts as a bomb."""

    target: Path
    edge_width: int
    max_pixels: int


def prepare_sample(job: Job, raw: RawSample) -> Row:
    """Decode a sample once, write picture, mask and edge map as 8-bit PNG, and measure it.

    Returns:
        Its row; an unusable sample has its reason there and no files.
    """
    row = Row(raw.name, raw.class_name, raw.group, usable=False, reason="", image_file=_names(raw.pictures), mask_file=_names(raw.masks))
    try:
        picture = decode_picture(_only(raw.pictures, "image", raw.name), job.max_pixels)
        row = _with_picture(row, picture.pixels, picture.mode)
        mask = decode_mask(_only(raw.masks, "mask", raw.name), job.max_pixels).pixels
        row = replace(row, mask_values=_values(mask))
        binary = _binary(mask, picture.pixels, row)
    except UnusableError as reason:
        return replace(row, reason=str(reason))
    _write(job, raw.name, picture.pixels, binary)
    return replace(_with_mask(row, binary), usable=True)


def _only(paths: tuple[Path, ...], side: str, name: str) -> Path:
    if not paths:
        raise UnusableError(f"{side}-missing", f"no {side} file with the stem {name}")
    if len(paths) > 1:
        raise UnusableError(f"{side}-ambiguous", f"{_names(paths)} have the same stem, expected one file")
    return paths[0]


def _names(paths: tuple[Path, ...]) -> str:
    return " ".join(f"{path.parent.name}/{path.name}" for path in paths)


def _binary(mask: UInt8, picture: UInt8, row: Row) -> UInt8:
    if mask.shape != picture.shape[:2]:
        found = f"{mask.shape[1]}×{mask.shape[0]} pixels, its picture {picture.shape[1]}×{picture.shape[0]}"
        raise UnusableError("mask-size", f"the mask has {found}")
    if min(mask.shape) < _LEAST_SIDE:
        raise UnusableError("image-small", f"{picture.shape[1]}×{picture.shape[0]} pixels, expected at least {_LEAST_SIDE}×{_LEAST_SIDE}")
    values = set(np.unique(mask).tolist())
    if 1 in values and values <= {0, 1}:
        raise UnusableError("mask-zero-one", "the mask holds 0 and 1, expected 0 and 255")
    if not values <= {0, 255}:
        raise UnusableError("mask-grey", f"the mask holds {row.mask_values}, expected 0 and 255")
    return mask


def _values(mask: UInt8) -> str:
    values = np.unique(mask).tolist()
    return " ".join(map(str, values[:_MOST_VALUES])) + (" …" if len(values) > _MOST_VALUES else "")


def _with_picture(row: Row, pixels: UInt8, mode: str) -> Row:
    return replace(
        row,
        image_digest=pixel_digest(pixels),
        height=pixels.shape[0],
        width=pixels.shape[1],
        mode=mode,
        mean=float(pixels.mean()),
        contrast=float(pixels.std()),
        perceptual_hash=perceptual_hash(pixels),
    )


def _with_mask(row: Row, mask: UInt8) -> Row:
    defect = mask > 0
    frame = np.concatenate([defect[0], defect[-1], defect[1:-1, 0], defect[1:-1, -1]])
    _, components = ndimage.label(defect, structure=np.ones((3, 3), dtype=int))
    return replace(
        row,
        mask_digest=pixel_digest(mask),
        coverage=float(defect.mean()),
        components=int(components),
        touches_border=bool(frame.any()),
        border_share=float(frame.mean()),
    )


def _write(job: Job, name: str, picture: UInt8, mask: UInt8) -> None:
    planes = {"images": picture, "masks": mask, "edges": edge_map(mask, job.edge_width)}
    for room, pixels in planes.items():
        (job.target / room / f"{name}.png").write_bytes(png_bytes(pixels))
