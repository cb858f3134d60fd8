"""How this project calls git: without the user's hooks where it makes a working tree of its own, and with a word on what git refuses."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tsernet.errors import UserError

NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
"""Hooks (those of `dvc install`, say) are made for the user's own working tree: in ours they fail, or do what nobody asked for."""

_DUBIOUS = "dubious ownership"


def run_git(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run git without hooks.

    Args:
        folder: Where it runs.
        arguments: After `git`.
        environment: The whole environment; this process's own if not given.
    Returns:
        The finished process: exit code, standard output and error as bytes, since a patch is bytes.
    Raises:
        UserError: If git refuses a repository because another user owns it; the message holds the line that mends it.
    """
    # In English, for the message that is looked for.
    spoken = {**(os.environ if environment is None else environment), "LC_ALL": "C"}
    done = subprocess.run(["git", *NO_HOOKS, *arguments], cwd=folder, env=spoken, capture_output=True)
    if done.returncode != 0 and _DUBIOUS in decode(done.stderr):
        raise UserError(describe_ownership(folder))
    return done


def describe_ownership(folder: Path) -> str:
    """Say that git refuses a repository of another user, and the line that mends it."""
    top = next((one for one in (folder.resolve(), *folder.resolve().parents) if (one / ".git").exists()), folder.resolve())
    return f"{top}: belongs to another user, so git refuses it; mend it with: git config --global --add safe.directory {top}"


def decode(output: bytes) -> str:
    """Turn what git printed into text; names in another encoding stay recognisable."""
    return output.decode(errors="replace")
