"""Make a version again from its commit, params and data, in a temporary place, and hold the result against it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.registry.comparison import MEASURES
from pipelines.registry.versions import Registry, Version
from pipelines.tracking.place import repository_root
from tsernet.errors import CheckError, UserError

_PATCH = "uncommitted.patch"


@dataclass(frozen=True)
class Rebuilt:
    """What came out: whether the weights are the same to the bit, and each measure as registered and as rebuilt."""

    same_weights: bool
    weights_sha256: dict[str, str]
    same_data: bool
    measures: dict[str, dict[str, float]]
    largest_difference: float


def rebuild(registry: Registry, version: Version) -> Rebuilt:
    """Run the graph of a version again.

    The commit is checked out as a git worktree, the params and any uncommitted changes of tracked files are put back as the run
    recorded them, DVC's cache is the repository's own. Training and evaluation run for real, in a tracking store of their own.

    Args:
        registry: Of the version.
        version: What to make again.
    Raises:
        UserError: If the version does not say enough of itself, or its commit is not in this repository.
        CheckError: If the graph fails; the message ends with its last line.
    """
    commit, variant, seed = (version.tags.get(key, "") for key in ("mlflow.source.git.commit", "tsernet.variant", "tsernet.seed"))
    if not commit or not version.run_id:
        raise UserError(f"models:/{version.name}/{version.number} names no {'run' if commit else 'commit'}: it cannot be rebuilt")
    root = repository_root()
    with tempfile.TemporaryDirectory(prefix="tsernet-rebuild-") as name:
        tree = Path(name) / "tree"
        added = subprocess.run(["git", "worktree", "add", "--detach", str(tree), commit], cwd=root, capture_output=True, text=True)
        if added.returncode != 0:
            raise UserError(f"commit {commit} cannot be checked out of {root}: {_last_line(added.stderr)}")
        try:
            _restore_sources(registry, version, tree, Path(name))
            _run_graph(tree, root, f"{variant}-{seed}")
            return _compare(version, tree / "results", f"{variant}/{seed}")
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=root, capture_output=True)


def _restore_sources(registry: Registry, version: Version, tree: Path, scratch: Path) -> None:
    """Put back what the commit does not hold: params, and a patch where there were changes."""
    registry.client.download_artifacts(version.run_id, "source", str(scratch))
    source = scratch / "source"
    shutil.copyfile(source / "params.yaml", tree / "params.yaml")
    if (source / "dvc.lock").is_file():
        shutil.copyfile(source / "dvc.lock", tree / "dvc.lock")
    if (source / _PATCH).is_file():
        subprocess.run(["git", "checkout", "--", "params.yaml"], cwd=tree, check=True, capture_output=True)
        applied = subprocess.run(["git", "apply", "--allow-empty", str(source / _PATCH)], cwd=tree, capture_output=True, text=True)
        if applied.returncode != 0:
            raise UserError(f"the uncommitted changes of this version's run cannot be put back: {_last_line(applied.stderr)}")
        shutil.copyfile(source / "params.yaml", tree / "params.yaml")


def _run_graph(tree: Path, root: Path, item: str) -> None:
    """Bring the data up to what training needs, then train and evaluate whatever the cache holds."""
    environment = os.environ | {
        "MLFLOW_TRACKING_URI": f"sqlite:///{tree.parent / 'mlflow.db'}",
        "TSERNET_EXECUTION": f"rebuild-{tree.parent.name}",
        "TSERNET_CHECKPOINTS": str(tree.parent / "checkpoints"),
        "PYTHONPATH": str(tree),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    cache = subprocess.run(["dvc", "cache", "dir"], cwd=root, env=environment, capture_output=True, text=True).stdout.strip()
    steps = [
        ["dvc", "config", "--local", "cache.dir", cache or str(root / ".dvc" / "cache")],
        ["dvc", "repro", "validate"],
        ["dvc", "repro", "--single-item", "--force", f"train@{item}"],
        ["dvc", "repro", "--single-item", "--force", f"evaluate@{item}"],
    ]
    for step in steps:
        done = subprocess.run(step, cwd=tree, env=environment, stdout=sys.stderr, stderr=subprocess.PIPE, text=True)
        sys.stderr.write(done.stderr)
        if done.returncode != 0:
            raise CheckError(f"the rebuild stopped at '{' '.join(step)}': {_last_line(done.stderr)}")


def _compare(version: Version, results: Path, item: str) -> Rebuilt:
    metrics = _read(results / "evaluate" / item / "metrics.json")
    found = _read(results / "train" / item / "run.json")["weights_sha256"]
    digest = _read(results / "validation" / "summary.json")["digests"]["dataset"]
    measures = {key: {"registered": float(version.tags[f"tsernet.test.{key}"]), "rebuilt": float(metrics[key])} for key in MEASURES}
    return Rebuilt(
        same_weights=found == version.weights_sha256,
        weights_sha256={"registered": version.weights_sha256, "rebuilt": found},
        same_data=digest == version.tags.get("tsernet.digest.dataset"),
        measures=measures,
        largest_difference=max(abs(pair["registered"] - pair["rebuilt"]) for pair in measures.values()),
    )


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no message"])[-1]
