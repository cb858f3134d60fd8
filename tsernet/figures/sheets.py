"""Images beside their masks and maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tsernet.metrics.measures import Grey

Colour = NDArray[np.uint8]

FOUND = (0, 158, 115)
MISSED = (213, 94, 0)
FALSE_ALARM = (86, 180, 233)

_GAP = 4
_INK = (45, 55, 65)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows of images of any sizes, with a title a column and a title a row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[NDArray[np.uint8], ...]], ...]


def overlay(image: NDArray[np.uint8], mask: Grey, saliency: Grey, threshold: int = 128, strength: float = 0.55) -> Colour:
    """Tint an image by what was found (green), missed (orange) and falsely found (blue).

    Args:
        image: uint8, (H, W) or (H, W, 3).
        mask: uint8, (H, W); above 128 is defect.
        saliency: uint8, (H, W).
        threshold: A pixel counts as found from here upwards, 0…255.
        strength: How opaque the tint is, 0…1.
    Returns:
        uint8, (H, W, 3).
    """
    base = np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image
    truth, found = mask > 128, saliency >= threshold
    tinted = base.astype(np.float32)
    for colour, where in ((FOUND, truth & found), (MISSED, truth & ~found), (FALSE_ALARM, found & ~truth)):
        tinted[where] = (1 - strength) * tinted[where] + strength * np.array(colour, dtype=np.float32)
    return np.rint(tinted).astype(np.uint8)


def strip(images: Sequence[NDArray[np.uint8]], side: int = 160) -> Image.Image:
    """Put images side by side, each fitted into a square of `side` pixels."""
    whole = Image.new("RGB", (len(images) * (side + _GAP) - _GAP, side), "white")
    for place, image in enumerate(images):
        _paste(whole, image, place * (side + _GAP), 0, side)
    return whole


def comparison_sheet(sheet: Sheet, path: Path, side: int = 120) -> None:
    """Write rows of image, mask and each method's map, as the paper's Fig. 7.

    Args:
        sheet: The images and their titles.
        path: A .png.
        side: Of one image, pixels.
    """
    font = ImageFont.load_default(13)
    titles = [_wrap(title, font, side) for title in sheet.columns]
    head = 8 + 16 * max(title.count("\n") + 1 for title in titles)
    left = 26
    whole = Image.new("RGB", (left + len(titles) * (side + _GAP), head + len(sheet.rows) * (side + _GAP)), "white")
    draw = ImageDraw.Draw(whole)
    for place, title in enumerate(titles):
        middle = left + place * (side + _GAP) + side / 2
        draw.multiline_text((middle, head - 6), title, fill=_INK, font=font, anchor="md", align="center")
    for line, (title, images) in enumerate(sheet.rows):
        top = head + line * (side + _GAP)
        _write_upwards(whole, title, font, top, side)
        for place, image in enumerate(images):
            _paste(whole, image, left + place * (side + _GAP), top, side)
    whole.save(path, optimize=True)


def _paste(whole: Image.Image, pixels: NDArray[np.uint8], left: int, top: int, side: int) -> None:
    image = Image.fromarray(pixels).convert("RGB")
    scale = side / max(image.size)
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BICUBIC)
    whole.paste(image, (left + (side - image.width) // 2, top + (side - image.height) // 2))


def _write_upwards(whole: Image.Image, title: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, top: int, side: int) -> None:
    label = Image.new("RGB", (side, 20), "white")
    ImageDraw.Draw(label).text((side / 2, 10), title, fill=_INK, font=font, anchor="mm")
    whole.paste(label.rotate(90, expand=True), (2, top))


def _wrap(title: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    lines = [""]
    for word in title.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)
