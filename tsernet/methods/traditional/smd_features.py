"""SMD's 53 features of a pixel: colour, a steerable pyramid (Simoncelli, Freeman, 1995), and log-Gabor filters (Field, 1987).

Both banks are computed by their definitions in the frequency domain. The authors' release takes a table of 9x9 filters for the pyramid,
which approximate these.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tsernet.methods.traditional.numbers import Floats, stretched
from tsernet.methods.traditional.superpixels import Superpixels

PYRAMID = (3, 4)
"""Levels, orientations."""
GABOR = (3, 12)
SHORTEST = 6.0
"""Wavelength of the finest Gabor filters, pixels; it doubles from one to the next."""
BANDWIDTH = 0.65
"""Deviation of a filter's Gaussian over its frequency."""


def features(image: NDArray[np.uint8], parts: Superpixels) -> Floats:
    """Give the mean features of each superpixel, (count, 53)."""
    grey = image.astype(np.float64)
    colour = parts.means(stretched(grey))
    colour = 1.5 * (colour - 1.2 * np.median(colour))
    # Of a grey pixel hue and saturation are 0; hue is counted from its middle.
    columns = [colour, colour, colour, np.full(parts.count, -0.5), np.zeros(parts.count)]
    columns += [parts.means(band) for band in (*_pyramid(grey), *_gabor(grey))]
    return np.stack(columns, axis=1)


def _frequencies(shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Give radius, cycles a pixel, and angle at each place of a Fourier transform."""
    rows, columns = np.meshgrid(*(np.fft.fftfreq(side) for side in shape), indexing="ij")
    return np.hypot(rows, columns), np.arctan2(rows, columns)


def _pyramid(grey: Floats) -> list[Floats]:
    """Filter by the pyramid's bands, finest first, scaled as its authors' tool shows them: six deviations of all bands make 63 of 255."""
    levels, orientations = PYRAMID
    margin = min(32, *(side - 1 for side in grey.shape))
    padded = np.pad(grey, margin, mode="reflect")
    radius, angle = _frequencies(padded.shape)
    spectrum = np.fft.fft2(padded)
    inside = np.s_[margin : margin + grey.shape[0], margin : margin + grey.shape[1]]

    def back(part: NDArray[np.complex128]) -> Floats:
        return np.fft.ifft2(part).real[inside]

    passed = _low(radius)
    energy, counted = [np.sum(back(spectrum * np.sqrt(1 - passed**2)) ** 2)], float(grey.size)
    bands = []
    for level in range(1, levels + 1):
        low = _low(radius * 2**level)
        high = spectrum * passed * np.sqrt(1 - low**2)
        for number in range(orientations):
            # With this gain the squares of the four orientations sum up to 1.
            bands.append(back(high * 1j * 1.25**-0.5 * np.cos(angle - number * np.pi / orientations) ** 3))
            # A level is stored at half the size of the one before.
            energy.append(np.sum(bands[-1] ** 2) / 4 ** (level - 1))
            counted += grey.size / 4 ** (level - 1)
        passed = passed * low
    deviation = np.sqrt(sum(energy) / counted)
    if not deviation > 0:
        return [np.full(grey.shape, 32.5 / 255) for _ in bands]
    return [(32.5 + 63 * band / (6 * deviation)) / 255 for band in bands]


def _low(radius: Floats) -> Floats:
    """Pass what is below a quarter of a cycle a pixel, nothing above a half, a raised cosine of the octave between."""
    octave = np.log2(np.maximum(radius, 1e-9) * 4)
    passed: Floats = np.cos(np.pi / 2 * np.clip(octave, 0, 1))
    return passed


def _gabor(grey: Floats) -> Iterator[Floats]:
    """Filter by log-Gabor filters, each answer's size over its largest."""
    scales, orientations = GABOR
    radius, angle = _frequencies(grey.shape)
    spectrum = np.fft.fft2(grey)
    # No more of the spectrum's corners than of its sides.
    corners = 1 / (1 + (radius / 0.45) ** 30)
    radials = [_ring(radius, SHORTEST * 2**scale) for scale in range(scales)]
    for number in range(orientations):
        turned = np.abs((angle - number * np.pi / orientations + np.pi) % (2 * np.pi) - np.pi)
        spread = corners * (np.cos(np.minimum(turned * orientations / 2, np.pi)) + 1) / 2
        for radial in radials:
            answer = np.abs(np.fft.ifft2(spectrum * (radial * spread)))
            yield answer / max(answer.max(), 1e-12)


def _ring(radius: Floats, wavelength: float) -> Floats:
    """Pass frequencies about one, a Gaussian over their logarithm; not the mean."""
    octaves = np.log(np.maximum(radius, 1e-9) * wavelength)
    ring: Floats = np.where(radius > 0, np.exp(-(octaves**2) / (2 * np.log(BANDWIDTH) ** 2)), 0)
    return ring
