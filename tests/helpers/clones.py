"""What tests do with a clone of the repository: change its params, run something in it, look at what was tracked."""

from __future__ import annotations

import os
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run
from ruamel.yaml import YAML


def change(root: Path, section: str | None, key: str, value: object) -> None:
    """Set a key of params.yaml."""
    yaml = YAML()
    path = root / "params.yaml"
    tree = yaml.load(path.read_text(encoding="utf-8"))
    (tree[section] if section else tree)[key] = value
    with path.open("w", encoding="utf-8") as out:
        yaml.dump(tree, out)


def environment(root: Path, **extra: str) -> dict[str, str]:
    """What a process in the clone gets: the clone's own code and locks, and nothing that would lead it elsewhere."""
    kept = {key: value for key, value in os.environ.items() if key != "MLFLOW_TRACKING_URI" and not key.startswith(("DVC_", "TSERNET_"))}
    return {**kept, "PYTHONPATH": str(root), "TSERNET_LOCKS": str(root / ".tsernet/locks"), **extra}


def tracked(root: Path) -> MlflowClient:
    """Read the clone's own database."""
    return MlflowClient(f"sqlite:///{root / 'mlflow.db'}")


def runs(root: Path) -> list[Run]:
    """List the runs of the clone's experiment."""
    experiment = tracked(root).get_experiment_by_name("tsernet")
    assert experiment is not None
    return list(tracked(root).search_runs([experiment.experiment_id]))
