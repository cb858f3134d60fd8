"""`dvc repro` in forks of one process that has imported the libraries, for as many tests as want it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clones import environment

_SCRIPT = Path(__file__).with_name("forked_dvc.py")
_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "GX_ANALYTICS_ENABLED": "false", "ORT_DISABLE_TELEMETRY": "1", "OMP_NUM_THREADS": "1"}


class Forks:
    """The process that forks; see forked_dvc.py."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def repro(self, *roots: Path, **more: str) -> list[str]:
        """Let all repositories run `dvc repro` at once.

        Args:
            roots: The repositories.
            more: What their environment has beside that of the tests.
        Returns:
            What each printed.
        Raises:
            AssertionError: If one of them fails.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({"roots": list(map(str, roots)), "environment": more}), file=self._process.stdin, flush=True)
        code = self._process.stdout.readline()
        printed = [root.with_suffix(".log").read_text(encoding="utf-8") for root in roots]
        assert code == "0\n", f"dvc repro ended with {code.strip() or 'its process'}\n" + "\n".join(printed)
        return printed


@contextmanager
def forking(folder: Path) -> Iterator[Forks]:
    """Start the process in a folder, and end it and what it has forked with the block."""
    command = [sys.executable, str(_SCRIPT), json.dumps(_QUIET)]
    process = subprocess.Popen(
        command, cwd=folder, env=environment(folder, PYTHONPATH=""), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield Forks(process)
        finally:
            process.kill()  # its forks end with it
