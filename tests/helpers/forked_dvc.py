"""`dvc repro` in several repositories at once, in forks of one process that has the libraries imported already.

Where the stages' processes are not what is tested, their imports (torch, MLflow, Great Expectations) would be most of the time: here they
are paid once. DVC runs as ever, and each stage has a process, a working directory and an environment of its own.

    python forked_dvc.py ENVIRONMENT    (JSON)

For each line of standard input, JSON too, {"roots": [ROOT, …], "environment": {…}}: `dvc repro` in all of them at once, each printing
into ROOT.log; then a line with the highest exit code.
"""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import shlex
import signal
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

_LIBRARIES = (
    *("great_expectations", "lightning_fabric", "matplotlib.pyplot", "mlflow", "mlflow.store.model_registry.sqlalchemy_store"),
    *("mlflow.store.tracking.sqlalchemy_store", "onnxruntime", "torch", "torch._dynamo"),
)
# Of Linux's prctl.h.
_DEATH_SIGNAL = 1


class Stage:
    """A stage as a fork, in the place of the subprocess.Popen that DVC would start it with."""

    returncode: int | None = None

    def __init__(self, command: list[str], cwd: str, env: dict[str, str], **_: object) -> None:
        self._pid = _fork(lambda: _run_stage(command[-1], cwd, env))

    def communicate(self) -> None:
        """Wait for its end."""
        self.returncode = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def _fork(work: Callable[[], Any]) -> int:
    sys.stdout.flush()
    sys.stderr.flush()
    if pid := os.fork():
        return pid
    code = 1
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL)  # with its parent, should a test's time be over
    try:
        code = work() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _run_stage(command: str, cwd: str, env: dict[str, str]) -> None:
    python, dash_m, module, *arguments = shlex.split(command)
    assert (python, dash_m) == ("python", "-m"), command
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path.insert(0, cwd)
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def _repro(root: Path, environment: dict[str, str]) -> int:
    log = os.open(root.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for stream, source in enumerate((os.open(os.devnull, os.O_RDONLY), log, log)):
        os.dup2(source, stream)
    os.chdir(root)
    # Its `dvc` process, of which there is only this one for all, would else name the execution.
    execution = f"{root.name}-{os.getpid()}"
    os.environ.update(environment, PYTHONPATH=str(root), TSERNET_LOCKS=str(root / ".tsernet/locks"), TSERNET_EXECUTION=execution)
    from dvc.cli import main
    from dvc.stage import run

    run.subprocess = type("forks", (), {"Popen": Stage})
    return int(main(["repro"]))


def main(environment: str) -> None:
    """Do what is asked until standard input ends."""
    os.environ.update(json.loads(environment))
    for name in _LIBRARIES:
        import_module(name)
    for line in sys.stdin:
        asked = json.loads(line)
        children = [_fork(lambda root=root: _repro(Path(root), asked["environment"])) for root in asked["roots"]]  # noqa: B023 - forked here
        print(max(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
