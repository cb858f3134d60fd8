"""Windows of the training's scale: cut over a defect, anywhere, or where nothing is marked and nothing stands out."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tsernet.data.pixels import ImageArray

OVER_DEFECT = 0.5
"""So often a window lies over a defect of its image, whatever the image's size; else anywhere."""

CLEAN_SIDES = (1.0, 0.8, 0.64, 0.48)
"""Sides of a clean window, in shares of the training's window, largest first: beside a defect there is seldom room for a whole one."""
MARGIN = 6
"""Pixels around what is marked that no clean window touches: annotators cut defects short."""

ODD = 4.2
"""Robust standard deviations of an image's own texture from which a spot stands out.

Unmarked is not clean: in SD-saliency-900 the masks mark what is salient, and fainter scratches and spots beside it are left out. A
clean window holds no group of pixels above this.
"""
_SCALES = ((1.5, 8.0, 6), (6.0, 32.0, 60))
"""Standard deviations of the Gaussians whose difference shows spots and scratches, then blotches; and the least group that counts."""


class Window(NamedTuple):
    """A square: its top-left pixel and its side."""

    top: int
    left: int
    side: int

    def of(self, plane: ImageArray) -> ImageArray:
        """Cut the window out of an image, mask or edge map (H, W) or (H, W, 3)."""
        return plane[self.top : self.top + self.side, self.left : self.left + self.side]


def draw_window(mask: ImageArray, side: int, rng: np.random.Generator) -> Window:
    """Choose a window, half the time around a pixel of a defect.

    Args:
        mask: uint8 (H, W), anything but 0 is defect.
        side: Of the window, pixels. Where the mask is smaller, the window reaches beyond it, and what it cuts out is smaller.
    """
    height, width = mask.shape
    lowest, rightmost = max(height - side, 0), max(width - side, 0)
    if rng.random() < OVER_DEFECT:
        marked = np.flatnonzero(mask)
        if marked.size:
            row, column = divmod(int(marked[rng.integers(marked.size)]), width)
            # The pixel lies anywhere in the window: a defect in the middle of every window would be a rule to learn.
            row, column = row - int(rng.integers(side)), column - int(rng.integers(side))
            return Window(min(max(row, 0), lowest), min(max(column, 0), rightmost), side)
    return Window(int(rng.integers(lowest + 1)), int(rng.integers(rightmost + 1)), side)


class CleanPlaces:
    """Where clean windows may be cut from one image.

    Args:
        image: uint8 (H, W) or (H, W, 3).
        mask: uint8 (H, W), anything but 0 is defect.
        window: The training's window, original pixels.
    """

    def __init__(self, image: ImageArray, mask: ImageArray, window: int) -> None:
        self._by_side: list[tuple[int, NDArray[np.int32]]] = []
        # What a person marked as clean as a whole is taken at their word.
        blocked = _near(mask) | stands_out(image, mask) if mask.any() else np.zeros(mask.shape, dtype=bool)
        limit = min(mask.shape)
        for side in dict.fromkeys(min(round(share * window), limit) for share in CLEAN_SIDES):
            corners = _free_corners(blocked, side)
            if len(corners):
                self._by_side.append((side, corners))
                # A whole window shows the training's own scale; smaller ones are the makeshift.
                if side >= window:
                    break

    def __bool__(self) -> bool:
        return bool(self._by_side)

    def draw(self, rng: np.random.Generator) -> Window:
        """Choose a clean window: any of the sides that fit, anywhere it fits."""
        side, corners = self._by_side[int(rng.integers(len(self._by_side)))]
        top, left = corners[int(rng.integers(len(corners)))]
        return Window(int(top), int(left), side)


_KNOWN: OrderedDict[bytes, CleanPlaces] = OrderedDict()
_KNOWN_AT_MOST = 2000
_LOCK = threading.Lock()


def clean_places(image: ImageArray, mask: ImageArray, window: int) -> CleanPlaces:
    """Give the `CleanPlaces` of an image, from memory where this process has seen the same image and mask before.

    One process trains and evaluates several variants on the same images, and finding the places takes longer than to decode them.
    """
    shapes = f"{image.shape} {mask.shape} {window}".encode()
    key = b"".join(hashlib.blake2b(np.ascontiguousarray(plane)).digest() for plane in (image, mask)) + shapes
    with _LOCK:
        places = _KNOWN.get(key)
    if places is None:
        places = CleanPlaces(image, mask, window)
        with _LOCK:
            _KNOWN[key] = places
            if len(_KNOWN) > _KNOWN_AT_MOST:
                _KNOWN.popitem(last=False)
    return places


def stands_out(image: ImageArray, mask: ImageArray) -> NDArray[np.bool_]:
    """Mark groups of pixels that differ from their surroundings by more than the image's own texture does.

    Args:
        image: uint8 (H, W) or (H, W, 3).
        mask: uint8 (H, W); what is marked does not count as texture.
    Returns:
        (H, W); smaller groups than a spot's, or a blotch's, are grain and left out.
    """
    grey = image.astype(np.float32) if image.ndim == 2 else image.mean(axis=2, dtype=np.float32)
    found = np.zeros(mask.shape, dtype=bool)
    if mask.all():
        return ~found
    for fine, coarse, least in _SCALES:
        detail = ndimage.gaussian_filter(grey, fine) - ndimage.gaussian_filter(grey, coarse)
        ground = detail[mask == 0]
        middle = np.median(ground)
        spread = 1.4826 * float(np.median(np.abs(ground - middle)))
        labels, count = ndimage.label(np.abs(detail - middle) > ODD * max(spread, 0.5), structure=np.ones((3, 3), dtype=int))
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        sizes[0] = 0
        found |= (sizes >= least)[labels]
    return found


def _near(mask: ImageArray) -> NDArray[np.bool_]:
    near: NDArray[np.bool_] = ndimage.binary_dilation(mask > 0, iterations=MARGIN)
    return near


def _free_corners(blocked: NDArray[np.bool_], side: int) -> NDArray[np.int32]:
    """List the top-left pixels (N, 2) of the squares that hold nothing blocked, on a grid that is coarser for larger squares."""
    total = np.pad(blocked.cumsum(0, dtype=np.int32).cumsum(1, dtype=np.int32), ((1, 0), (1, 0)))
    inside = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    step = max(1, side // 32)
    corners: NDArray[np.int32] = (np.argwhere(inside[::step, ::step] == 0) * step).astype(np.int32)
    return corners
