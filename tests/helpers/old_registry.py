"""The recipe of a registry as commit 488b215 makes it: two versions of a tiny network, the second of which is champion.

    python tests/helpers/old_registry.py REPOSITORY FOLDER

clones REPOSITORY, whose history must hold that commit, into FOLDER and runs that code there, with the packages of this environment.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

COMMIT = "488b215"


def is_there(repository: Path) -> bool:
    """Whether a repository's history holds the commit; that of a shallow clone does not."""
    words = ["git", "-C", str(repository), "cat-file", "-e", f"{COMMIT}^{{commit}}"]
    return subprocess.run(words, capture_output=True).returncode == 0


def environment(code: Path) -> dict[str, str]:
    """What a process gets that is to run a folder's code: one thread, no settings of this session."""
    strange = ("MLFLOW_", "DVC_", "GIT_", "TSERNET_", "PREFECT_")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(strange)}
    own = {"PYTHONPATH": str(code), "OMP_NUM_THREADS": "1", "DVC_NO_ANALYTICS": "1", "TSERNET_LOCKS": str(code / ".tsernet/locks")}
    return {**kept, **own, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


def make(repository: Path, folder: Path) -> None:
    """Make the registry.

    Args:
        repository: Whose history holds the commit.
        folder: To make: a clone with params.yaml, dvc.lock, mlflow.db, mlartifacts/ and DVC's cache as the commit leaves them.
    """
    _run(["git", "clone", "--quiet", "--local", "--no-checkout", str(repository), str(folder)], folder.parent, folder)
    _git(folder, "checkout", "--quiet", "-b", "old", COMMIT)
    _change(folder, iterations=2)
    _git(folder, "commit", "--quiet", "--all", "--message", "tiny")
    _python(folder, "dvc", "repro", "--quiet")
    _change(folder, iterations=3)
    _python(folder, "dvc", "repro", "--quiet")
    _python(folder, "pipelines.cli", "models", "promote", "models:/tsernet/2", "--reason", "for the test")


def _change(folder: Path, iterations: int) -> None:
    """Set the params: one variant, so narrow and so small that a training takes no time."""
    path, yaml = folder / "params.yaml", YAML()
    tree = yaml.load(path.read_text(encoding="utf-8"))
    tree["variants"] = ["full"]
    tree["dataset"]["synthetic"].update(per_class=5, size=64)
    tree["model"]["width"] = 0.0625
    tree["train"]["augment"].update(resize=64, crop=64)
    tree["train"].update(iterations=iterations, batch_size=2, norm_batches=2, checkpoint_every=2, log_every=1)
    tree["train"]["hardware"]["threads"] = 1
    tree["evaluate"]["resize"] = 64
    tree["compare"]["bootstrap"] = 100
    tree["register"]["floor"] = 0.0
    with path.open("w", encoding="utf-8") as stream:
        yaml.dump(tree, stream)


def _git(folder: Path, *words: str) -> None:
    _run(["git", "-c", "user.name=Person", "-c", "user.email=person@example.org", *words], folder, folder)


def _python(folder: Path, module: str, *words: str) -> None:
    _run([sys.executable, "-m", module, *words], folder, folder)


def _run(words: list[str], folder: Path, code: Path) -> None:
    done = subprocess.run(words, cwd=folder, env=environment(code), capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


if __name__ == "__main__":
    make(Path(sys.argv[1]), Path(sys.argv[2]))
