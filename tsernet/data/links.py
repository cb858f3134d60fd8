"""Which symbolic links count as files: those by which DVC shows what is in its cache."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

_MD5 = re.compile(r"[0-9a-f]{32}")


def is_foreign_link(path: Path) -> bool:
    """Say whether a path is a symbolic link to anything but an entry of a DVC cache.

    With `cache.type symlink` (a shared or a network cache) DVC puts links in the place of files. An entry is known by its name,
    `…/ab/cdef…`: the MD5 digest of its content. So no configuration has to be read, and a link to an entry cannot change what is read.
    """
    return path.is_symlink() and not _is_cache_entry(Path(os.path.realpath(path)))


def _is_cache_entry(path: Path) -> bool:
    named = path.parent.name + path.name
    if len(path.parent.name) != 2 or not _MD5.fullmatch(named) or not path.is_file():
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest() == named
