"""Trainings side by side: workers compute what DVC asks for one stage after another.

DVC runs the items of a matrix one by one, each in a process that first imports torch and MLflow for seconds. So the first training
of a `dvc repro` starts workers, as many as there are cores for; each trains and evaluates one item after another in one process, and
the stages wait for their item and take its results. What is computed is the same: every training has its own seed and its own
number of threads (`train.hardware.threads`), however many run at once.

    python -m pipelines.stages.pool FOLDER
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from pipelines.exit_codes import exit_code_of
from pipelines.tracking.location import local_state
from pipelines.tracking.pipeline_run import dvc_process, pipeline_run_id
from tsernet.config import Params, load_params
from tsernet.devices import available_cores
from tsernet.errors import CheckError, StoppedError, UserError
from tsernet.signals import stop_signals_handled

_POLL_SECONDS = 0.1
_STAGES = ("train", "evaluate")
_TRAIN_ONLY = "train-only"


def take_results(stage: str, variant: str, seed: int, params: Params, out: Path) -> bool:
    """Take the results of an item from the workers, and start those if this is the first training of a `dvc repro`.

    Args:
        stage: `train` or `evaluate`.
        variant: Of the item.
        seed: Of the item.
        params: Of the pipeline.
        out: Folder for the results, made anew.
    Returns:
        Whether they are there; if not, the caller computes them itself.
    Raises:
        SystemExit: With the exit code of the computation, if that failed; what it said is on stderr by then.
    """
    folder = local_state() / "pool" / pipeline_run_id(Path.cwd())
    owner = _noted(folder / "owner.json")
    if owner is None or owner != dvc_process():
        shutil.rmtree(folder, ignore_errors=True)  # of an earlier `dvc repro` under the same TSERNET_EXECUTION
        count = worker_count(params)
        if stage != "train" or count < 2:
            return False
        _start_workers(folder, count, params.train.hardware.threads)
    return _wait(folder, stage, f"{variant}-{seed}", out)


def worker_count(params: Params) -> int:
    """Say how many items may be computed at once; 1 where workers would not help.

    TSERNET_WORKERS sets it. Else: as many trainings as have their threads' cores, on CPUs alone, where DVC was asked for everything.
    """
    items = len(params.variants) * len(params.seeds)
    given = os.environ.get("TSERNET_WORKERS", "")
    if given and not given.isdecimal():
        raise UserError(f"TSERNET_WORKERS: expected a number, got {given!r}")
    hardware = params.train.hardware
    if items < 2 or hardware.devices > 1 or not hardware.threads or not _asks_for_everything() or _may_use_gpu(hardware.accelerator):
        return 1
    return min(items, int(given) if given else available_cores() // hardware.threads)


def _asks_for_everything() -> bool:
    """Say whether this process belongs to a `dvc repro` of more than single items."""
    process = dvc_process()
    if process is None:
        return False
    words = process.cmdline()
    return ("repro" in words or "exp" in words) and not any("@" in word or word in ("-s", "--single-item") for word in words)


def _may_use_gpu(accelerator: str) -> bool:
    return accelerator != "cpu" and (sys.platform == "darwin" or any(Path("/dev").glob("nvidia[0-9]*")))


def _start_workers(folder: Path, count: int, threads: int) -> None:
    _remove_stale(folder.parent)
    folder.mkdir(parents=True)
    owner = dvc_process() or psutil.Process()
    _note(folder / "owner.json", owner)
    if "train" in owner.cmdline():  # `dvc repro train`: nobody will ask for evaluations
        (folder / _TRAIN_ONLY).touch()
    for number in range(count):
        environment = os.environ | {"TSERNET_EXECUTION": pipeline_run_id(Path.cwd()), "TSERNET_CPU": f"cpu-{number}" if number else "cpu"}
        environment.setdefault("OMP_NUM_THREADS", str(threads))  # what evaluates computes with as many as what trains
        with (folder / f"worker-{number}.log").open("wb") as log:
            # In a session of its own: Ctrl-C reaches it through the stage that waits, once.
            worker = subprocess.Popen(
                [sys.executable, "-m", "pipelines.stages.pool", str(folder)],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _note(folder / f"worker-{number}.json", psutil.Process(worker.pid))
    print(f"{count} trainings at once", file=sys.stderr)


def _remove_stale(pools: Path) -> None:
    """Remove what `dvc repro`s that were killed have left."""
    for folder in pools.iterdir() if pools.is_dir() else ():
        if _noted(folder / "owner.json") is None:
            shutil.rmtree(folder, ignore_errors=True)


def _note(path: Path, process: psutil.Process) -> None:
    path.write_text(json.dumps({"pid": process.pid, "started": process.create_time()}), encoding="utf-8")


def _noted(path: Path) -> psutil.Process | None:
    """Find the process that a file notes; None if it has ended."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        process = psutil.Process(record["pid"])
        return process if process.create_time() == record["started"] and process.status() != psutil.STATUS_ZOMBIE else None
    except (OSError, ValueError, psutil.Error):
        return None


def _workers(folder: Path) -> list[psutil.Process]:
    return [process for path in sorted(folder.glob("worker-*.json")) if (process := _noted(path)) is not None]


def _wait(folder: Path, stage: str, item: str, out: Path) -> bool:
    """Wait for an item, showing what its worker says of it."""
    result, log = folder / f"{stage}-{item}.json", _Tail(folder / f"{stage}-{item}.log")
    with _signals() as received:
        passed_on = 0
        while not result.is_file():
            log.show()
            living = _workers(folder)
            if not living and not result.is_file():
                if received:
                    sys.exit(128 + received[0])
                return False
            if len(received) > passed_on:  # a training keeps a checkpoint, and its result says how it ended
                passed_on = len(received)
                for worker in living:
                    with suppress(psutil.NoSuchProcess):
                        worker.send_signal(received[-1])
            time.sleep(_POLL_SECONDS)
    log.show()
    content = json.loads(result.read_text(encoding="utf-8"))
    if "skipped" in content or (stage == "evaluate" and not _is_of_these_weights(folder, item)):
        return False
    if content["code"]:
        sys.exit(content["code"])
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(folder / stage / item, out)
    return True


def _is_of_these_weights(folder: Path, item: str) -> bool:
    """Say whether the workers' training is the one whose results DVC has: it may have restored another from its cache."""
    variant, _, seed = item.rpartition("-")
    theirs, ours = folder / "train" / item / "run.json", Path("results/train") / variant / seed / "run.json"
    return theirs.is_file() and ours.is_file() and theirs.read_bytes() == ours.read_bytes()


def clear_pool() -> None:
    """Remove what the workers of this execution have left, once all has been taken."""
    shutil.rmtree(local_state() / "pool" / pipeline_run_id(Path.cwd()), ignore_errors=True)


@contextmanager
def _signals() -> Iterator[list[int]]:
    received: list[int] = []
    with stop_signals_handled(lambda number, _: received.append(number)):
        yield received


class _Tail:
    """What is written to a file, as it comes, on stderr."""

    def __init__(self, path: Path) -> None:
        self._path, self._shown = path, 0

    def show(self) -> None:
        if not self._path.is_file():
            return
        with self._path.open("rb") as stream:
            stream.seek(self._shown)
            new = stream.read()
        self._shown += len(new)
        sys.stderr.write(new.decode("utf-8", "replace"))
        sys.stderr.flush()


def work(folder: Path) -> None:
    """Compute the items that no other worker has taken, one after another, as long as the `dvc` that wants them lives."""
    threading.Thread(target=_end_with_owner, args=(folder,), daemon=True).start()
    from pipelines.stages import train

    params = load_params()
    stages = _STAGES[:1] if (folder / _TRAIN_ONLY).exists() else _STAGES
    for variant in params.variants:
        for seed in params.seeds:
            try:
                (folder / f"{variant}-{seed}.claimed").touch(exist_ok=False)
            except FileExistsError:
                continue
            if train.is_current(variant, seed, params):  # DVC will not ask for it, or computes it itself
                for stage in stages:
                    _note_result(folder, f"{stage}-{variant}-{seed}", {"skipped": True})
                continue
            if not all(_compute(folder, stage, variant, seed, params) for stage in stages):
                return


def _compute(folder: Path, stage: str, variant: str, seed: int, params: Params) -> bool:
    """Run one stage of one item into the folder; say whether to go on."""
    from pipelines.stages import evaluate, train

    item = f"{variant}-{seed}"
    out, code = folder / stage / item, 0
    with _logging_to(folder / f"{stage}-{item}.log"):
        try:
            if stage == "train":
                train.compute(variant, seed, params, out)
            else:
                evaluate.compute(variant, seed, params, folder / "train" / item, out)
        except (CheckError, UserError, StoppedError) as error:
            print(f"error: {error}", file=sys.stderr)
            code = exit_code_of(error)
    _note_result(folder, f"{stage}-{item}", {"code": code})
    return code == 0


def _note_result(folder: Path, name: str, content: dict[str, Any]) -> None:
    partial = folder / f".{name}.json"
    partial.write_text(json.dumps(content), encoding="utf-8")
    partial.replace(folder / f"{name}.json")


@contextmanager
def _logging_to(path: Path) -> Iterator[None]:
    """Send all that this process says to a file for a while, libraries and all."""
    kept: list[Any] = [os.dup(1), os.dup(2)]
    with path.open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, descriptor in enumerate(kept, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)


def _end_with_owner(folder: Path) -> None:
    """End this process once the `dvc` that started it is gone; a training keeps a checkpoint first."""
    while _noted(folder / "owner.json") is not None:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    work(Path(sys.argv[1]))
