"""Files and folders in the making, beside what they become: where a process was killed, the next one takes over what it has left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tsernet.data.flocks import try_to_lock


@contextmanager
def whole_file(target: Path, *, is_suffix_kept: bool = False) -> Iterator[Path]:
    """Give an empty file that takes the target's place when the block ends well; where it does not, it is removed.

    Its name is the target's and `.partial`, so that a file that SIGKILL has left is used again by the next who writes the same target. Only
    who holds the system's lock on it may write it, and the lock ends with its holder; whoever comes meanwhile gets a name of its own.

    Args:
        target: The file to make or replace, in a folder that is there.
        is_suffix_kept: Whether the name ends as the target's, for what tells a file's kind by that; it then begins with a dot.
    Raises:
        OSError: If it cannot be made, or the target not be replaced.
    """
    usual = target.with_name(f".{target.stem}.partial{target.suffix}" if is_suffix_kept else f"{target.name}.partial")
    handle = _open_own(usual, os.O_RDWR | os.O_CREAT)
    own = usual if handle is not None else usual.with_name(f"{usual.stem}-{os.getpid()}{usual.suffix}")
    try:
        if handle is not None:
            os.ftruncate(handle, 0)
        try:
            yield own
            own.replace(target)
        except BaseException:
            own.unlink(missing_ok=True)
            raise
    finally:
        if handle is not None:
            os.close(handle)


@contextmanager
def staging_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder beside a target, for files that are moved from there or become it; what is left of it in the end is removed.

    As with `whole_file`, one that a killed process has left is emptied and used again.

    Args:
        target: What the files are for; its parents are made.
    """
    if target.name in ("", ".."):  # `.` has no name; any other stays as it was given, for messages
        target = target.resolve()
    usual = target.with_name(f".{target.name}.partial")
    is_new = not usual.exists()
    usual.mkdir(parents=True, exist_ok=True)
    handle = _open_own(usual, os.O_RDONLY)
    own = usual if handle is not None else usual.with_name(f"{usual.name}-{os.getpid()}")
    try:
        if handle is None:
            if is_new:
                usual.rmdir()
            own.mkdir()
        for leftover in own.iterdir():
            _remove(leftover)
        try:
            yield own
        finally:
            # Renamed to the target it is gone, and what has its name by now is another process's.
            if handle is None or _is_at(handle, own):
                shutil.rmtree(own, ignore_errors=True)
    finally:
        if handle is not None:
            os.close(handle)


def take_place(staging: Path, target: Path) -> None:
    """Let a staging folder, or all that is in it, take the place of a folder that is not there or empty.

    Raises:
        OSError: If it is not empty.
    """
    if target.exists() and target.samefile(Path.cwd()):
        # Whoever stands in it would stand in a removed folder.
        for path in sorted(staging.iterdir()):
            path.rename(target / path.name)
        return
    if target.exists():
        target.rmdir()
    staging.rename(target)


def _open_own(path: Path, flags: int) -> int | None:
    """Open and lock a file or folder; None where another process has it, or the system cannot lock it."""
    while True:
        try:
            handle = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0), 0o666)
        except OSError:
            return None
        if not try_to_lock(handle):
            os.close(handle)
            return None
        if _is_at(handle, path):
            return handle
        # Whoever had it was done between our opening and locking it, and what we hold is its finished work.
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except FileNotFoundError:
        return False


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
