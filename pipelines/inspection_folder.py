"""The folder of `tsernet inspect`: what one call draws and keeps in it, and nothing of an earlier one that its tables do not name."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pipelines.outputs import require_own_folder, save_png
from tsernet.data.flocks import try_to_lock

MARK = "tsernet:inspection"
"""The PNG text chunk of an overlay or map that an inspection has drawn; its value is the name of what `.inspect/` keeps of the image."""
_STATE = ".inspect"
_KEPT = re.compile("[0-9a-f]{32}")
_FOLDERS = ("overlays", "maps")


class InspectionFolder:
    """What one call has in the folder.

    Args:
        out: The folder.
        handle: An open file that every call on this folder has locked, shared.
    """

    def __init__(self, out: Path, handle: int) -> None:
        self._out, self._handle = out, handle
        self._drawn: set[Path] = set()
        self._kept: set[Path] = set()

    def place(self, key: str) -> Path:
        """Name the folder for what is kept of an image, between calls too.

        Args:
            key: Of all that it depends on, 32 hexadecimal digits.
        """
        path = self._out / _STATE / key
        self._kept.add(path)
        return path

    def save(self, image: Image.Image, folder: str, name: str, kept: str, *, compress_level: int = 6) -> None:
        """Write an overlay or a map.

        Args:
            image: The image.
            folder: `overlays` or `maps`.
            name: Of the inspected image.
            kept: Under which name `.inspect/` keeps what it was drawn from.
            compress_level: Of zlib; of a map too.
        """
        path = self._out / folder / f"{name}.png"
        notes = PngInfo()
        notes.add_text(MARK, kept)
        save_png(image, path, notes, compress_level=compress_level, is_map=folder == "maps")
        self._drawn.add(path)

    def clear_earlier(self) -> str | None:
        """Remove what earlier calls have drawn or kept and this one has not, and nothing that anybody else put there.

        Not while another call is at work in the folder: what it has would look like an earlier one's.

        Returns:
            What was done of images that a person may look for, in one line; None if there was nothing to do.
        """
        earlier = [path for folder in _FOLDERS for path in sorted((self._out / folder).rglob("*.png")) if self._is_earlier(path)]
        what = f"{len(earlier)} overlays and maps that are not of these images, such as {earlier[0]}" if earlier else None
        if not try_to_lock(self._handle):
            return what and f"warning: another inspection is at work in {self._out}; it also holds {what}"
        for path in (self._out / _STATE).iterdir():
            if _KEPT.fullmatch(path.name) and path not in self._kept:
                shutil.rmtree(path)
        for path in earlier:
            path.unlink(missing_ok=True)
            for parent in path.relative_to(self._out).parents[:-1]:
                with suppress(OSError):  # others are in it
                    (self._out / parent).rmdir()
        return what and f"removed, as drawn by an earlier call: {what}"

    def _is_earlier(self, path: Path) -> bool:
        if path in self._drawn:
            return False
        try:
            with Image.open(path) as drawn:
                return MARK in drawn.info
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return False


@contextmanager
def inspection_folder(out: Path, images: Path) -> Iterator[InspectionFolder]:
    """Begin a call's work in its folder.

    Args:
        out: The folder as given; made where it is not there.
        images: The image or folder of images as given.

    Raises:
        UserError: If it is a file, holds the images, or holds files that no earlier call wrote.
    """
    require_own_folder(out, images, _STATE)
    handle = os.open(out / _STATE / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try_to_lock(handle, is_shared=True)
        yield InspectionFolder(out, handle)
    finally:
        os.close(handle)
