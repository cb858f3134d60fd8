"""SD-saliency-900 as its authors published it, checked file by file against its known digests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory

from tsernet.data.links import is_foreign_link
from tsernet.data.sources.download import fetch_archive
from tsernet.errors import UserError

COMMIT = "776c590eb90e1eef1c5cf0ea351bb66be5690dc3"
ARCHIVE = f"https://github.com/SongGuorong/MCITF/archive/{COMMIT}.tar.gz"
FOLDER = "SD-saliency-900"


def known_digests() -> dict[str, str]:
    """Give the SHA-256 of every published file by its path inside the dataset's folder."""
    text = resources.files(__package__ or "").joinpath("SD-saliency-900.sha256").read_text(encoding="utf-8")
    return {path: digest for digest, path in (line.split("  ", 1) for line in text.splitlines())}


@contextmanager
def find_published() -> Iterator[Path]:
    """Give a folder that holds the dataset, every file of it checked.

    `SD_SALIENCY_900` names a folder; without it the archive of the published commit is fetched (from
    `SD_SALIENCY_900_URL` where that names a mirror) and lies in a temporary folder until the block ends.

    Raises:
        UserError: If a file differs, is missing or is not the dataset's; it is named.
    """
    given = os.environ.get("SD_SALIENCY_900", "")
    if given:
        folder = Path(given)
        if not folder.is_dir():
            raise UserError(f"SD_SALIENCY_900: {given} is not a folder; expected one that holds 'Source Images' and 'Ground truth'")
        check_digests(folder)
        yield folder
        return
    with TemporaryDirectory(prefix="sd-saliency-900-") as scratch:
        folder = fetch_archive(os.environ.get("SD_SALIENCY_900_URL", "") or ARCHIVE, FOLDER, Path(scratch))
        check_digests(folder)
        yield folder


def check_digests(folder: Path) -> None:
    """Compare a folder with the known digests.

    Raises:
        UserError: If anything differs; the first file of each kind is named and the others are counted.
    """
    known = known_digests()
    present = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}
    links = {name for name in present if is_foreign_link(folder / name)}
    changed = (name for name in sorted(known.keys() & present - links) if _sha256(folder / name) != known[name])
    faults = [
        _named("is a symbolic link", links),
        _named("missing", known.keys() - present),
        _named("not the dataset's", present - known.keys() - links),
        _named("differs from the published file", changed),
    ]
    if any(faults):
        raise UserError(f"SD-saliency-900 in {folder}: {'; '.join(fault for fault in faults if fault)}")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _named(what: str, names: set[str] | Iterator[str]) -> str:
    listed = sorted(names)
    more = f" and {len(listed) - 3} more" if len(listed) > 3 else ""
    return f"{what}: {', '.join(listed[:3])}{more}" if listed else ""
