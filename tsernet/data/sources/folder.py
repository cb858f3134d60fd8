"""A folder of one's own images, and the copy of any folder into the raw one."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Collection
from pathlib import Path

from tsernet.data.layout import IMAGE_SUFFIXES, is_hidden, name_below, read_labels, rooms_of, to_utf8_path
from tsernet.data.links import is_foreign_link
from tsernet.errors import UserError


def copy_folder(source: Path, target: Path, *, exclude: Collection[str] = (), mask_suffix: str = "") -> None:
    """Copy images, masks and labels.csv, and nothing else.

    A bad image is copied as it is: to say what is wrong with it is the validation's part. What would read or write
    outside the folder is refused here. Folders in images/ and masks/ are kept; a name that is not UTF-8 is copied under one that is.

    Args:
        source: Holds images/ and masks/ (or the names of SD-saliency-900).
        target: An empty folder.
        exclude: Names of samples to leave out.
        mask_suffix: What a mask's stem has behind its image's.
    Raises:
        UserError: If the folder is missing, holds no image, is not laid out so, or has a link that leaves it.
    """
    if not source.is_dir():
        raise UserError(f"dataset.folder: {source} is not a folder; expected one that holds images/ and masks/")
    images, masks = (_files_of(room, source) for room in rooms_of(source))
    if not images:
        raise UserError(f"{rooms_of(source)[0]}: holds no image; expected {', '.join(sorted(IMAGE_SUFFIXES))}")
    left_out = set(exclude)
    images_room, masks_room = rooms_of(source)
    images = [path for path in images if name_below(to_utf8_path(path), to_utf8_path(images_room)) not in left_out]
    masks = [path for path in masks if name_below(to_utf8_path(path), to_utf8_path(masks_room)).removesuffix(mask_suffix) not in left_out]
    files = [*images, *masks]
    labels = source / "labels.csv"
    if labels.exists() or labels.is_symlink():
        _refuse_leaving(labels, source)
        read_labels(labels)
        files.append(labels)
    for path in files:
        inner = path.relative_to(source)
        place = target / to_utf8_path(inner)
        if to_utf8_path(inner) != inner:
            print(f"warning: a name in {source} is not UTF-8; it becomes {to_utf8_path(inner)}", file=sys.stderr)
        if place.exists():
            raise UserError(f"{source}: {to_utf8_path(inner)} would stand for two files; rename the one whose name is not UTF-8")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    for room in rooms_of(source):
        (target / room.name).mkdir(exist_ok=True)


def _files_of(room: Path, source: Path) -> list[Path]:
    found = []
    _refuse_leaving(room, source)
    for path in sorted(room.iterdir()):
        if is_hidden(path):
            continue
        _refuse_leaving(path, source)
        if path.is_dir():
            if path.is_symlink():
                raise UserError(f"{path}: is a symbolic link to a folder; put the folder itself there")
            found += _files_of(path, source)
        elif path.suffix.lower() in IMAGE_SUFFIXES:
            found.append(path)
    return found


def _refuse_leaving(path: Path, source: Path) -> None:
    """Refuse a link whose end is outside the folder or nowhere: what it shows is not part of the data."""
    if not is_foreign_link(path):
        return
    end = Path(os.path.realpath(path))
    if not end.is_relative_to(os.path.realpath(source)):
        raise UserError(f"{path}: is a symbolic link that leaves the folder (to {end}); put the file itself there")
    if not end.exists():
        raise UserError(f"{path}: is a symbolic link to nothing ({end})")
