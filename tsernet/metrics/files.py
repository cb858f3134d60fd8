"""Maps and masks as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tsernet.data.layout import files_below, name_below
from tsernet.data.pixels import MAX_PIXELS, SUFFIXES, read_image
from tsernet.errors import UserError
from tsernet.images.errors import ImageError
from tsernet.images.levels import Levels
from tsernet.images.masks import MaskRule, describe_values, read_mask
from tsernet.metrics.measures import Grey

_DEFECT_ABOVE = 128


def read_grey(path: Path, levels: Levels | None = None, max_pixels: int | None = MAX_PIXELS) -> Grey:
    """Read an image as grey; colour becomes its luma, as Pillow weighs it.

    Returns:
        uint8, (H, W).
    Raises:
        UserError: If it cannot be read, or has more than 8 bits a channel and there are no levels.
    """
    image = read_image(path, levels, max_pixels)
    return image if image.ndim == 2 else np.asarray(Image.fromarray(image).convert("L"))


def read_truth(path: Path, rule: MaskRule | None = None, max_pixels: int | None = MAX_PIXELS) -> Grey:
    """Read a mask: under a rule as 0 and 255, without one as the grey that is in the file, where above 128 is defect.

    Without a rule there are at most two values, one on each side of 128: others do not say what they mean.

    Returns:
        uint8, (H, W); above 128 is defect.
    Raises:
        UserError: If it cannot be read, or its values are not what the rule expects.
    """
    if rule is None:
        grey = read_grey(path, max_pixels=max_pixels)
        _require_two_sides(path, grey)
        return grey
    try:
        return read_mask(path, rule, max_pixels).pixels
    except ImageError as error:
        raise UserError(f"{path}: {error.sentence}") from None


def _require_two_sides(path: Path, grey: Grey) -> None:
    values = np.unique(grey)
    marked = int((values > _DEFECT_ABOVE).sum())
    if values.size <= 2 and (marked == 1 or (values.size == 1 and values[0] == 0)):
        return
    if values.size > 2:
        hint = "--mask-threshold 128 where borders are soft or the mask is a JPEG, --mask-values where they are numbers of classes"
    else:
        hint = "--mask-values nonzero takes all but 0 for defect"
    raise UserError(f"{path}: holds {describe_values(grey)}, expected 0 for ground and 255 for defect; {hint}")


def read_pair(saliency: Path, mask: Path, max_pixels: int | None = MAX_PIXELS, rule: MaskRule | None = None) -> tuple[Grey, Grey, bool]:
    """Read a map and its mask, as `read_truth` does.

    Returns:
        Map and mask, uint8, (H, W) of the mask, and whether the map had another size (then it is resized bilinearly).
    """
    truth = read_truth(mask, rule, max_pixels)
    grey = read_grey(saliency, max_pixels=max_pixels)
    if grey.shape == truth.shape:
        return grey, truth, False
    size = (truth.shape[1], truth.shape[0])
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BILINEAR)), truth, True


def list_images(folder: Path, suffix: str = "") -> dict[str, Path]:
    """List the images of a folder, and of the folders in it, by stem and folder: `coil7/001`; a suffix such as `_mask` is left off.

    Raises:
        UserError: If the folder does not exist, holds no image, or two images of one stem.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: expected a folder of images, there is no such folder")
    found: dict[str, Path] = {}
    for path in files_below(folder, SUFFIXES):
        name = name_below(path, folder).removesuffix(suffix)
        if name in found:
            raise UserError(f"{folder}: expected one image a name, got {found[name].name} and {path.name}")
        found[name] = path
    if not found:
        raise UserError(f"{folder}: expected images ({', '.join(SUFFIXES)}), got none")
    return found
