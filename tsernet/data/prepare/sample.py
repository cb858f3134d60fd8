"""One raw sample to its prepared files and its row of the manifest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tsernet.data.atomic import png_bytes
from tsernet.data.edges import edge_map
from tsernet.data.layout import RawSample
from tsernet.data.prepare.decode import UnusableError, decode_file, unusable
from tsernet.data.prepare.hashing import perceptual_hash, pixel_digest
from tsernet.data.prepare.manifest import Row
from tsernet.images.decode import Decoded
from tsernet.images.errors import ImageError
from tsernet.images.levels import Samples, UInt8
from tsernet.images.masks import DEFAULT_RULE, Mask, MaskRule, binary_mask, describe_values, mask_channel

_LEAST_SIDE = 16


@dataclass(frozen=True)
class Job:
    """What every sample is prepared with: where to, the edge's width, when a file counts as a bomb, what masks mean, and whether
    there will be levels for images of more than 8 bits."""

    target: Path
    edge_width: int
    max_pixels: int
    masks: MaskRule = DEFAULT_RULE
    has_levels: bool = False


def prepare_sample(job: Job, raw: RawSample) -> Row:
    """Decode a sample once, write image, mask and edge map as PNG, and measure it.

    An image of more than 8 bits is written as it is, in 16: the levels that make it 8 may come from the training split, which is drawn
    after this, and a model keeps them, so that it can be fed what the camera gives.

    Returns:
        Its row; an unusable sample has its reason there and no files.
    """
    row = Row(raw.name, raw.class_name, raw.group, usable=False, reason="", image_file=_names(raw.images), mask_file=_names(raw.masks))
    try:
        path = _only(raw.images, "image", raw.name)
        image = decode_file(path, "image", job.max_pixels)
        row = _with_image(row, image)
        if image.bits > 8 and not job.has_levels:
            found = f"{path.name} has {image.bits} bits a sample (mode {image.mode}); dataset.levels says how they become 8"
            raise UnusableError("image-depth", found)
        path = _only(raw.masks, "mask", raw.name)
        decoded = decode_file(path, "mask", job.max_pixels)
        try:
            channel = mask_channel(decoded, job.masks)
            row = replace(row, mask_values=describe_values(channel))
            _require_fit(channel, image.pixels)
            mask = binary_mask(channel, job.masks, is_jpeg=decoded.is_jpeg)
        except ImageError as error:
            raise unusable("mask", path, error) from None
    except UnusableError as reason:
        return replace(row, reason=str(reason))
    _write(job, raw.name, image.pixels, mask.pixels)
    return replace(_with_mask(row, mask), usable=True)


def _only(paths: tuple[Path, ...], side: str, name: str) -> Path:
    if not paths:
        raise UnusableError(f"{side}-missing", f"no {side} file with the stem {name}")
    if len(paths) > 1:
        raise UnusableError(f"{side}-ambiguous", f"{_names(paths)} have the same stem, expected one file")
    return paths[0]


def _names(paths: tuple[Path, ...]) -> str:
    return " ".join(f"{path.parent.name}/{path.name}" for path in paths)


def _require_fit(mask: Samples, image: Samples) -> None:
    if mask.shape != image.shape[:2]:
        found = f"{mask.shape[1]}×{mask.shape[0]} pixels, its image {image.shape[1]}×{image.shape[0]}"
        raise UnusableError("mask-size", f"the mask has {found}")
    if min(mask.shape) < _LEAST_SIDE:
        raise UnusableError("image-small", f"{image.shape[1]}×{image.shape[0]} pixels, expected at least {_LEAST_SIDE}×{_LEAST_SIDE}")


def _with_image(row: Row, decoded: Decoded) -> Row:
    pixels = decoded.pixels
    return replace(
        row,
        image_digest=pixel_digest(pixels),
        height=pixels.shape[0],
        width=pixels.shape[1],
        mode=decoded.mode,
        bits=decoded.bits,
        mean=float(pixels.mean()),
        contrast=float(pixels.std()),
        perceptual_hash=perceptual_hash(pixels),
    )


def _with_mask(row: Row, mask: Mask) -> Row:
    from scipy import ndimage  # here: whoever only reads a manifest need not wait for it

    defect = mask.pixels > 0
    frame = np.concatenate([defect[0], defect[-1], defect[1:-1, 0], defect[1:-1, -1]])
    _, components = ndimage.label(defect, structure=np.ones((3, 3), dtype=int))
    return replace(
        row,
        mask_digest=pixel_digest(mask.pixels),
        coverage=float(defect.mean()),
        components=int(components),
        touches_border=bool(frame.any()),
        border_share=float(frame.mean()),
        defect_pixels=int(np.count_nonzero(defect)),
        mask_between=mask.between,
    )


def _write(job: Job, name: str, image: Samples, mask: UInt8) -> None:
    planes: dict[str, Samples] = {"images": image, "masks": mask, "edges": edge_map(mask, job.edge_width)}
    for room, pixels in planes.items():
        place = job.target / room / f"{name}.png"
        # A name may keep the folder that its image lay in.
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(png_bytes(pixels))
