"""A repository with a small synthetic set, run up to the validation."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from dvc_clone import REPOSITORY, Clone


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The working tree's files in a new repository."""
    made = Clone(tmp_path_factory.mktemp("tuning") / "repository")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (REPOSITORY / name).is_file() and not name.startswith(("tests/", "docs/", "findings/")) and name != "dvc.lock":
            place = made.root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, place)
    made.git("init", "-q", "-b", "main")
    made.params(
        variants=["full"],
        dataset__synthetic={"per_class": 5, "size": 64, "seed": 0, "clean": 5, "wide": 0},
        model__width=0.0625,
        train__iterations=8,
        train__batch_size=2,
        train__window=64,
        train__norm_batches=2,
        train__log_every=2,
    )
    made.commit("A small synthetic set")
    made.git("config", "user.name", "Person")
    made.git("config", "user.email", "person@example.org")
    made.dvc("repro", "-q", "validate")
    return made
