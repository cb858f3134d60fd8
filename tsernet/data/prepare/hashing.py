"""Digests of pixels, and a hash that survives re-encoding and flipping."""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tsernet.images.levels import Samples

_SMALL = 32
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
_FREQUENCIES = 8


def pixel_digest(pixels: Samples) -> str:
    """Give the SHA-256 over shape and pixels, whatever file they came from."""
    return hashlib.sha256(repr(pixels.shape).encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()


def perceptual_hash(pixels: Samples) -> str:
    """Hash what an image looks like, as 16 hexadecimal digits.

    The signs of the 8×8 lowest frequencies of a 32×32 reduction. Signs rather than comparisons with the median (as
    pHash does), because flipping an image only changes the sign of known frequencies and transposing it transposes
    them: the hashes of all eight orientations follow from one.

    Args:
        pixels: uint8 or uint16, (H, W) or (H, W, 3).
    """
    from scipy import fft  # here: whoever only reads a manifest need not wait for it

    # Reduced as floats: rounding between the two passes would treat rows and columns differently.
    grey = grey_floats(pixels).resize((_SMALL, _SMALL), Image.Resampling.BOX)
    waves = fft.dctn(np.asarray(grey, dtype=np.float64), norm="ortho")[:_FREQUENCIES, :_FREQUENCIES]
    signs = waves > 0
    signs[0, 0] = False
    return int.from_bytes(np.packbits(signs).tobytes(), "big").to_bytes(8, "big").hex()


def grey_floats(pixels: Samples) -> Image.Image:
    """Give an image's grey values as floats: Pillow's luma of colour, which above 8 bits is rounded nowhere.

    Args:
        pixels: uint8 or uint16, (H, W) or (H, W, 3).
    """
    if pixels.dtype == np.uint8:
        return Image.fromarray(pixels).convert("L").convert("F")
    grey = pixels if pixels.ndim == 2 else pixels @ _LUMA
    return Image.fromarray(grey.astype(np.float32))


def orientations(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Give the hashes of the eight orientations of hashed images.

    Args:
        hashes: (N,), each as the number its digits stand for.
    Returns:
        uint64 (8, N), the first row the hashes themselves.
    """
    masks = _sign_changes()
    turned = _transposed(hashes)
    return np.concatenate([hashes[None] ^ masks[:, None], turned[None] ^ masks[:, None]])


@cache
def _sign_changes() -> NDArray[np.uint64]:
    """Bits that change when an image is flipped: not at all, left-right, upside down, both."""
    odd = np.arange(_FREQUENCIES) % 2 == 1
    across, down = np.broadcast_to(odd[None], (8, 8)), np.broadcast_to(odd[:, None], (8, 8))
    patterns = [np.zeros((8, 8), dtype=bool), across, down, across ^ down]
    return np.array([int.from_bytes(np.packbits(pattern).tobytes(), "big") for pattern in patterns], dtype=np.uint64)


def _transposed(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    bits = np.unpackbits(hashes.astype(">u8").view(np.uint8).reshape(-1, 8), axis=1).reshape(-1, 8, 8)
    packed = np.packbits(bits.transpose(0, 2, 1).reshape(-1, 64), axis=1)
    return np.ascontiguousarray(packed).view(">u8").reshape(-1).astype(np.uint64)
