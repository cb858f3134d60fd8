"""The system's locks on open files: they end with their holder, by SIGKILL too, and leave nothing behind."""

from __future__ import annotations

import sys


def try_to_lock(handle: int, *, is_shared: bool = False) -> bool:
    """Lock an open file or folder, or change the lock that is held; False where another has it, or the system cannot lock it.

    Args:
        handle: Its descriptor; the lock is the system's advice to others who ask for it, and nobody else is kept out.
        is_shared: Whether others may hold a shared lock at the same time.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
