"""Images that are still being copied into a folder: they wait until their files have settled."""

from __future__ import annotations

import time
from pathlib import Path

from tsernet.data.layout import IMAGE_SUFFIXES, files_below, name_below, rooms_of, to_utf8_path

_BETWEEN_LOOKS_SECONDS = 1.0


def find_unsettled(folder: Path, seconds: float, mask_suffix: str = "") -> list[str]:
    """Name the samples of a folder of which a file is young or changes its size.

    Args:
        folder: Holds images/ and masks/.
        seconds: A file that was written, or whose name was made, within so many seconds is young. 0 looks at nothing.
        mask_suffix: What a mask's stem has behind its image's.
    Returns:
        Names as `list_samples` gives them, sorted: an image waits for its mask too.
    Raises:
        UserError: If the folder is not laid out as expected.
    """
    if seconds <= 0:
        return []
    rooms = rooms_of(folder)
    first = _look(rooms)
    time.sleep(_BETWEEN_LOOKS_SECONDS)  # a clock that is ahead, as a file server's may be, hides a copy's age, but not its growth
    second, now = _look(rooms), time.time()
    young = {path for path, (_, written) in second.items() if now - seconds < written <= now}
    changed = {path for path, (size, _) in second.items() if path not in first or first[path][0] != size}
    return sorted({_name(path, rooms, mask_suffix) for path in young | changed | (first.keys() - second.keys())})


def _look(rooms: tuple[Path, Path]) -> dict[Path, tuple[int, float]]:
    """Give size and time of every file; of the times the later: a copy may keep the time of its original."""
    found = {}
    for room in rooms:
        for path in files_below(room, IMAGE_SUFFIXES):
            try:
                entry = path.stat()
            except FileNotFoundError:  # renamed since the folder was read: missing from this look
                continue
            found[path] = (entry.st_size, max(entry.st_mtime, entry.st_ctime))
    return found


def _name(path: Path, rooms: tuple[Path, Path], mask_suffix: str) -> str:
    images, masks = rooms
    if path.is_relative_to(masks):
        return name_below(to_utf8_path(path), to_utf8_path(masks)).removesuffix(mask_suffix)
    return name_below(to_utf8_path(path), to_utf8_path(images))
