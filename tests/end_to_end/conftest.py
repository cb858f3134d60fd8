"""The real pipeline in a temporary clone, at a size that trains in seconds."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from forks import Forks, forking
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clone what is committed, with tiny params as one more commit."""
    path = tmp_path_factory.mktemp("clone") / "repository"
    _run(["git", "clone", "--quiet", "--local", str(ROOT), str(path)], ROOT)
    params = path / "params.yaml"
    yaml = YAML()
    tree = yaml.load(params.read_text(encoding="utf-8"))
    tree["dataset"]["synthetic"].update(per_class=5, size=64, clean=5, wide=5)
    # Whole images: at 32 pixels the deepest stage has one, and BatchNorm over two values leaves a network that no two processes agree on.
    tree["train"]["augment"].update(resize=64, crop=64)
    tree["train"].update(window=64, batch_size=2, norm_batches=4, checkpoint_every=2, log_every=2)
    tree["train"]["hardware"]["threads"] = 1
    tree["evaluate"]["resize"] = 64
    tree["compare"]["bootstrap"] = 100
    tree["register"]["floor"] = 0.0
    with params.open("w", encoding="utf-8") as stream:
        yaml.dump(tree, stream)
    person = ["-c", "user.name=Person", "-c", "user.email=person@example.org"]
    _run(["git", *person, "commit", "--quiet", "--all", "-m", "tiny"], path)
    for key, value in (("user.name", "Person"), ("user.email", "person@example.org")):
        _run(["git", "config", key, value], path)
    return path


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """Run `dvc repro` without each stage's imports; for tests that are about what the stages make, not about their processes."""
    with forking(tmp_path_factory.mktemp("forks")) as started:
        yield started


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
