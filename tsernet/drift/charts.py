"""Drawings of a column, as SVG for a page: both distributions, and the window's values one after the other."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
WIDTH, HEIGHT, FOOT = 420, 120, 18
_BINS = 28


def distributions(reference: Values, window: Values) -> str:
    """Draw the share of images over the values: the reference as an area, the window as a line."""
    low, high = _span(np.concatenate([reference, window]))
    edges = np.linspace(low, high, _BINS + 1)
    shares = [np.histogram(np.clip(values, low, high), edges)[0] / len(values) for values in (reference, window)]
    top = max(float(share.max()) for share in shares) * 1.08
    steps = [_steps(share / top) for share in shares]
    area, line = (f"M0,{HEIGHT} {_points(one)}" for one in steps)
    body = f'<path class="ref" d="{area} L{WIDTH},{HEIGHT} Z"/><path class="win" d="{line}"/>'
    return _svg(body + _feet(low, high), "Distribution: the training images as an area, the window as a line")


def in_time(reference: Values, window: Values) -> str:
    """Draw the window's values in the order of inspection, over a band that holds nine tenths of the reference's."""
    low, high = _span(np.concatenate([reference, window]))
    band = np.quantile(reference, [0.05, 0.5, 0.95])
    bottom, middle, top = (_height(value, low, high) for value in band)
    places = (np.arange(len(window)) + 0.5) * WIDTH / len(window)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{_height(value, low, high):.1f}" r="2.4"/>' for x, value in zip(places, window, strict=True))
    body = f'<rect class="band" x="0" y="{top:.1f}" width="{WIDTH}" height="{max(bottom - top, 1):.1f}"/>'
    body += f'<line class="mid" x1="0" x2="{WIDTH}" y1="{middle:.1f}" y2="{middle:.1f}"/><g class="dots">{dots}</g>'
    body += f'<text x="0" y="{HEIGHT + 14}">oldest</text><text x="{WIDTH}" y="{HEIGHT + 14}" text-anchor="end">newest</text>'
    return _svg(body, "The window's images one after the other, over the band of nine tenths of the training images")


def spelled(value: float) -> str:
    """Spell a value for people: three digits."""
    return f"{value:.3g}" if abs(value) >= 1e-4 or value == 0 else f"{value:.1e}"


def _span(values: Values) -> tuple[float, float]:
    """All but the utmost, which would press the rest together."""
    low, high = (float(one) for one in np.quantile(values, [0.002, 0.998]))
    return (low, high) if high - low > 1e-12 else (low - 0.5, high + 0.5)


def _height(value: float, low: float, high: float) -> float:
    return HEIGHT - 3 - float(np.clip((value - low) / (high - low), 0, 1)) * (HEIGHT - 6)


def _steps(share: Values) -> Iterable[tuple[float, float]]:
    wide = WIDTH / len(share)
    for index, one in enumerate(share):
        yield index * wide, HEIGHT * (1 - one)
        yield (index + 1) * wide, HEIGHT * (1 - one)


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"L{x:.1f},{y:.1f}" for x, y in points)


def _feet(low: float, high: float) -> str:
    y = HEIGHT + 14
    return f'<text x="0" y="{y}">{spelled(low)}</text><text x="{WIDTH}" y="{y}" text-anchor="end">{spelled(high)}</text>'


def _svg(body: str, label: str) -> str:
    axis = f'<line class="axis" x1="0" x2="{WIDTH}" y1="{HEIGHT}" y2="{HEIGHT}"/>'
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT + FOOT}" role="img" aria-label="{label}">{body}{axis}</svg>'
