"""Make a version again from its commit, params and data, in a temporary place, and hold the result against it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from pipelines.git import decode, run_git
from pipelines.registry.versions import Registry, Version
from pipelines.services.guard_command import guarded_command
from pipelines.tracking.location import repository_root
from tsernet.data.flocks import try_to_lock
from tsernet.errors import CheckError, StoppedError, UserError
from tsernet.measures import MEASURES
from tsernet.signals import STOP_SIGNALS, stop_signals_handled

_GRACE_SECONDS = 6.0
_PREFIX = "tsernet-rebuild-"
_DVC = (sys.executable, "-m", "dvc")
_PATCH = "uncommitted.patch"
_PARTS = ("dataset", "train", "val", "test")
_SOURCES = ("data/raw", "data/splits")
"""What is checked out instead of made: the folder of images and the lists that it came from may have moved on since."""
_START = "data/inherited/start"
"""Likewise: the champion whose weights it started from, if any. Versions of release 0.2.0 and before have none."""


@dataclass(frozen=True)
class Rebuilt:
    """What came out: whether weights and data are the same to the bit, and each measure as registered and as rebuilt."""

    same_weights: bool
    weights_sha256: dict[str, str]
    same_data: bool
    digests: dict[str, dict[str, str]]
    measures: dict[str, dict[str, float]]
    largest_difference: float


def rebuild(registry: Registry, version: Version) -> Rebuilt:
    """Run the graph of a version again.

    The commit is checked out as a git worktree; params, dvc.lock and any uncommitted changes of tracked files are put back as the
    run recorded them; images and splits come from DVC's cache or remote. Preparation, validation, training and evaluation run for
    real, in a tracking store of their own.

    Args:
        registry: Of the version.
        version: What to make again.
    Raises:
        UserError: If the version does not say enough of itself, or its commit or data are not to be had.
        CheckError: If a stage fails; what it said is on stderr.
        StoppedError: On SIGINT or SIGTERM, once its work has ended and its worktree is removed.
    """
    commit, variant, seed = (version.tags.get(key, "") for key in ("mlflow.source.git.commit", "tsernet.variant", "tsernet.seed"))
    if not commit or not version.run_id:
        raise UserError(f"models:/{version.name}/{version.number} names no {'run' if commit else 'commit'}: it cannot be rebuilt")
    root = repository_root()
    with _signals_stop(), _scratch(root) as scratch, _checked_out(root, commit, scratch / "tree") as tree:
        _restore_sources(registry, version, tree, scratch)
        _restore_data(tree, root)
        _dvc(tree, "repro", "--single-item", "--force", "prepare", "validate", f"train@{variant}-{seed}", f"evaluate@{variant}-{seed}")
        return _compare(registry, version, tree / "results", f"{variant}/{seed}")


@contextmanager
def _signals_stop() -> Iterator[None]:
    """Have SIGINT and SIGTERM raise StoppedError inside the block, the first of them alone: a second must not interrupt the tidying up."""

    def stop(number: int, _: FrameType | None) -> None:
        for one in STOP_SIGNALS:
            signal.signal(one, signal.SIG_IGN)
        raise StoppedError(number, f"the rebuild was stopped by {signal.Signals(number).name}; nothing of it is left, run it again")

    with stop_signals_handled(stop):
        yield


@contextmanager
def _scratch(root: Path) -> Iterator[Path]:
    """Have a temporary folder, and remove those that killed rebuilds of this repository have left with their worktrees and checkpoints."""
    listed = decode(run_git(root, "worktree", "list", "--porcelain").stdout).splitlines()
    trees = [Path(line.removeprefix("worktree ")) for line in listed if line.startswith("worktree ")]
    for tree in trees:
        if tree.parent.name.startswith(_PREFIX) and tree.parent.is_dir():
            with _locked(tree.parent) as is_free:
                if is_free:
                    run_git(root, "worktree", "remove", "--force", str(tree))
                    shutil.rmtree(tree.parent, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name, _locked(Path(name)):
        yield Path(name)


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold the lock that tells a folder in use from one whose process was killed; say whether it was free."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        yield try_to_lock(handle)
    finally:
        os.close(handle)


@contextmanager
def _checked_out(root: Path, commit: str, tree: Path) -> Iterator[Path]:
    """Have a commit of the repository as a git worktree for a while."""
    added = run_git(root, "worktree", "add", "--detach", str(tree), commit)
    if added.returncode != 0:
        raise UserError(f"commit {commit} cannot be checked out of {root}: {_last_line(decode(added.stderr))}")
    try:
        yield tree
    finally:
        run_git(root, "worktree", "remove", "--force", str(tree))


def _restore_sources(registry: Registry, version: Version, tree: Path, scratch: Path) -> None:
    """Put back what the commit does not hold: changes that were not committed, the params, and the lock that names the data."""
    from mlflow.exceptions import MlflowException

    try:
        registry.client.download_artifacts(version.run_id, "source", str(scratch))
    except (MlflowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(
            f"models:/{version.name}/{version.number}: what its run {version.run_id} recorded of its source cannot be fetched ({reason})"
        ) from None
    source = scratch / "source"
    if (source / _PATCH).is_file():
        applied = run_git(tree, "apply", "--allow-empty", str(source / _PATCH))
        if applied.returncode != 0:
            raise UserError(f"the uncommitted changes of this version's run cannot be put back: {_last_line(decode(applied.stderr))}")
    if not (source / "dvc.lock").is_file():
        raise UserError(f"models:/{version.name}/{version.number} was made without DVC: its run has no dvc.lock that names the data")
    for name in ("params.yaml", "dvc.lock"):
        shutil.copyfile(source / name, tree / name)


def _restore_data(tree: Path, root: Path) -> None:
    """Check images and splits out of the repository's own cache, or fetch them from its remote."""
    private = root / ".dvc" / "config.local"  # a remote's address and keys, which git does not have
    if private.is_file():
        shutil.copy(private, tree / ".dvc" / "config.local")
    cache = subprocess.run([*_DVC, "cache", "dir"], cwd=root, capture_output=True, text=True).stdout.strip()
    _dvc(tree, "config", "--local", "cache.dir", str((root / (cache or ".dvc/cache")).resolve()))
    sources = [*_SOURCES, *([_START] if f"path: {_START}\n" in (tree / "dvc.lock").read_text(encoding="utf-8") else [])]
    for verb in ("checkout", "pull"):
        if _call(tree, [verb, *sources]) == 0:
            return
    raise UserError(f"the data of this version ({', '.join(sources)}) are neither in the cache of {root} nor in its remote")


def _dvc(tree: Path, *arguments: str) -> None:
    code = _call(tree, arguments)
    if code != 0:
        raise CheckError(f"the rebuild stopped at 'dvc {' '.join(arguments)}' (exit code {code}); see above")


def _call(tree: Path, arguments: Sequence[str]) -> int:
    """Run DVC in the tree, and have it ended with this process; all that it and the stages say goes to stderr, as it comes."""
    environment = {key: value for key, value in os.environ.items() if key != "MLFLOW_REGISTRY_URI"} | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{tree.parent / 'mlflow.db'}",
        "TSERNET_EXECUTION": f"rebuild-{tree.parent.name}",
        "TSERNET_CHECKPOINTS": str(tree.parent / "checkpoints"),
        "PYTHONPATH": str(tree),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    process = subprocess.Popen(
        guarded_command([*_DVC, *arguments], _GRACE_SECONDS),
        cwd=tree,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        return process.wait()
    finally:
        # Closed here or, where this process is killed, by the system: the guard then ends what still runs.
        process.stdin.close()
        process.wait()


def _compare(registry: Registry, version: Version, results: Path, item: str) -> Rebuilt:
    tags = registry.provenance(version)
    metrics = _read(results / "evaluate" / item / "metrics.json")
    weights = _read(results / "train" / item / "run.json")["weights_sha256"]
    found = _read(results / "validation" / "summary.json")["digests"]
    digests = {part: {"registered": tags.get(f"tsernet.digest.{part}", ""), "rebuilt": found[part]} for part in _PARTS}
    measures = {key: {"registered": float(tags[f"tsernet.test.{key}"]), "rebuilt": float(metrics[key])} for key in MEASURES}
    return Rebuilt(
        same_weights=weights == version.weights_sha256,
        weights_sha256={"registered": version.weights_sha256, "rebuilt": weights},
        same_data=all(pair["registered"] == pair["rebuilt"] for pair in digests.values()),
        digests=digests,
        measures=measures,
        largest_difference=max(abs(pair["registered"] - pair["rebuilt"]) for pair in measures.values()),
    )


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
