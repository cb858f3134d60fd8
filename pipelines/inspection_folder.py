"""What `tsernet inspect` draws into its folder: the images of one call, and none of an earlier one that its tables do not name."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pipelines.outputs import save_png
from tsernet.data.flocks import try_to_lock

MARK = "tsernet:inspection"
"""The PNG text chunk of an overlay or map that an inspection has drawn; its value is the name of what `.inspect/` keeps of the image."""
_FOLDERS = ("overlays", "maps")


class Drawings:
    """Overlays and maps of one call.

    Args:
        out: The folder of the inspection.
        handle: An open file that every call on this folder has locked, shared.
    """

    def __init__(self, out: Path, handle: int) -> None:
        self._out, self._handle = out, handle
        self._own: set[Path] = set()

    def save(self, image: Image.Image, folder: str, name: str, kept: str, *, compress_level: int = 6) -> None:
        """Write one.

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
        self._own.add(path)

    def clear_earlier(self) -> str | None:
        """Remove what earlier calls have drawn and this one has not, and nothing that anybody else put there.

        Not while another call is at work in the folder: what it has drawn would look like an earlier one's.

        Returns:
            What was done, in one line; None if there was nothing to do.
        """
        earlier = [path for folder in _FOLDERS for path in sorted((self._out / folder).rglob("*.png")) if self._is_earlier(path)]
        if not earlier:
            return None
        what = f"{len(earlier)} overlays and maps that are not of these images, such as {earlier[0]}"
        if not try_to_lock(self._handle):
            return f"warning: another inspection is at work in {self._out}; it also holds {what}"
        for path in earlier:
            path.unlink(missing_ok=True)
            for parent in path.relative_to(self._out).parents[:-1]:
                with suppress(OSError):  # others are in it
                    (self._out / parent).rmdir()
        return f"removed, as drawn by an earlier call: {what}"

    def _is_earlier(self, path: Path) -> bool:
        if path in self._own:
            return False
        try:
            with Image.open(path) as drawn:
                return MARK in drawn.info
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            return False


@contextmanager
def drawing(out: Path, state: str) -> Iterator[Drawings]:
    """Begin a call's drawings.

    Args:
        out: The folder of the inspection.
        state: Name of the folder within that only inspections make.
    """
    handle = os.open(out / state / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try_to_lock(handle, is_shared=True)
        yield Drawings(out, handle)
    finally:
        os.close(handle)
