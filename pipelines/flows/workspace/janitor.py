"""Clears up after a flow run whose process is killed.

Such a process can do nothing itself, so a second, tiny one waits beside it: its standard input is a pipe that only the flow's
process holds. A word there means that all is done; end of file without one, that the process died.

    python -m pipelines.flows.workspace.janitor REPOSITORY
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def janitor(repository: Path) -> Iterator[None]:
    """Have dead runs' workspaces cleared up should this process be killed inside the block."""
    command = [sys.executable, "-m", __name__, str(repository)]
    with subprocess.Popen(command, cwd=repository, stdin=subprocess.PIPE, start_new_session=True) as process:
        try:
            yield
        finally:
            process.communicate(b"done")


def main(repository: Path) -> None:
    """Wait for the flow's process, and clear up if it left without a word."""
    if sys.stdin.buffer.read():
        return
    from pipelines.flows.workspace.orphans import clean_orphans  # heavy, and seldom needed

    clean_orphans(repository)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
