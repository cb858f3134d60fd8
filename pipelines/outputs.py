"""Where commands write: never over an input, and never over a file of somebody else's."""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tsernet.data.atomic import write_whole
from tsernet.errors import UserError

if TYPE_CHECKING:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

SOURCE_KEY = "tsernet:source-sha256"
"""The PNG text chunk of a map: the digest of the image file that it was made from."""


def require_new_file(out: Path, inputs: Iterable[Path], overwrite: bool) -> None:
    """Check that a command may write a file, before it computes anything.

    Args:
        out: The file to write.
        inputs: Files and folders that the command reads.
        overwrite: Whether an existing file may be replaced; an input never is.
    Raises:
        UserError: If `out` is an input, lies in the place of a folder, or exists and may not be replaced.
    """
    for given in inputs:
        if _is_same(given, out):
            raise UserError(f"{out}: is an input of this command; give another place to write to")
    if out.is_dir():
        raise UserError(f"{out}: is a folder, expected the name of a file to write")
    if out.exists() and not overwrite:
        raise UserError(f"{out}: exists already; give another name, or --overwrite to replace it")


def require_new_files(targets: Iterable[Path], inputs: Collection[Path], overwrite: bool) -> None:
    """Check that a command may write several files, before it computes anything; as `require_new_file` for each.

    Raises:
        UserError: As there; of existing files the first is named and the others are counted.
    """
    existing = []
    for target in targets:
        if target.exists() and not overwrite and not target.is_dir() and not any(_is_same(given, target) for given in inputs):
            existing.append(target)
        else:
            require_new_file(target, inputs, overwrite)
    if existing:
        more = f" and {len(existing) - 1} more" if len(existing) > 1 else ""
        raise UserError(f"{existing[0]}{more}: exists already; give another folder, or --overwrite to replace it")


def require_safe_maps(targets: Mapping[Path, Path], inputs: Path, out: Path, overwrite: bool) -> None:
    """Check that maps may be written, before any is computed.

    A map that an earlier call made from the same image file is replaced, so that an interrupted call can be repeated.

    Args:
        targets: The map to write for each image file.
        inputs: The image or folder of images as given.
        out: The file or folder for the maps as given.
        overwrite: Whether other existing files may be replaced; an image never is.
    Raises:
        UserError: If inputs and outputs meet, or a file would be replaced that is not a map of the same image.
    """
    if inputs.is_dir() and _is_same(inputs, out):
        raise UserError(f"{out}: holds the images; the maps need another folder, else they would replace them")
    images = {_identity(image): image for image in targets}
    foreign = []
    for image, target in targets.items():
        if not os.path.lexists(target):
            continue
        if target.is_dir():
            raise UserError(f"{target}: is a folder, expected a place for a map")
        met = images.get(_identity(target))
        if met is not None:
            raise UserError(f"{target}: is the image {met}; the maps need another place, else they would replace it")
        if not overwrite and not _is_map_of(target, image):
            foreign.append(target)
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise UserError(
            f"{foreign[0]}{more}: exists and is not a map made from the same image; give another folder, or --overwrite to replace it"
        )


def require_own_folder(out: Path, inputs: Path, mark: str) -> None:
    """Check that a folder is new, empty or of an earlier call, and mark it as a call's own.

    Args:
        out: The folder as given.
        inputs: The image or folder of images as given.
        mark: Name of the folder within that only this command makes.
    Raises:
        UserError: If it is a file, holds the images, or holds files that no earlier call wrote.
    """
    if out.exists() and not out.is_dir():
        raise UserError(f"{out}: is a file, expected a folder for the defects")
    if inputs.is_dir() and _is_same(inputs, out):
        raise UserError(f"{out}: holds the images; the inspection needs another folder")
    if out.is_dir() and any(out.iterdir()) and not (out / mark).is_dir():
        raise UserError(f"{out}: is not empty and no inspection's folder; give another one")
    (out / mark).mkdir(parents=True, exist_ok=True)


def save_png(image: Image.Image, target: Path, notes: PngInfo | None = None, *, compress_level: int = 6, is_map: bool = False) -> None:
    """Write a PNG whole or not at all; its folder is made if need be.

    In memory first: where the disk is full, Pillow would leave half of it there and name no file.

    Args:
        image: The image.
        target: The file.
        notes: Text chunks.
        compress_level: Of zlib; 6 is Pillow's own default.
        is_map: Whether it is a saliency map, mostly runs of one value behind PNG's filters: looking for nothing but runs takes half the
            time then and a fourteenth less room.
    Raises:
        UserError: If the disk is full.
    """
    strategy = {"compress_type": zlib.Z_RLE} if is_map else {}
    encoded = io.BytesIO()
    image.save(encoded, format="PNG", pnginfo=notes, compress_level=compress_level, **strategy)
    write_whole(target, encoded.getbuffer())


def _is_same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _identity(path: Path) -> tuple[int, int] | None:
    """What stays equal through symbolic links, hard links and another spelling of the name; None for a broken link."""
    if not path.exists():
        return None
    found = path.stat()
    return found.st_dev, found.st_ino


def _is_map_of(target: Path, image: Path) -> bool:
    from PIL import Image

    from tsernet.digests import sha256_of

    try:
        with Image.open(target) as existing:
            recorded = existing.info.get(SOURCE_KEY)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False  # not an image at all, so not a map of ours
    return recorded is not None and recorded == sha256_of(image)
