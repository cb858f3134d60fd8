"""A repository of its own whose dataset is a small folder of images."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from dvc_clone import REPOSITORY, Clone, add_images


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """The working tree's files in a new repository, params set to a folder beside it, nothing run yet."""
    base = tmp_path_factory.mktemp("versioning")
    made = Clone(base / "repository")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if not (REPOSITORY / name).is_file() or name.startswith("tests/") or name == "dvc.lock":
            continue
        place = made.root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, place)
    made.git("init", "-q", "-b", "main")
    add_images(base / "plant", 1, 6)
    made.params(dataset__source="folder", dataset__folder=str(base / "plant"), split__method="stratified", split__validation=0.1)
    made.commit("A folder of images")
    return made
