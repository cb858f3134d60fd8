"""A repository in a temporary folder, and images for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from ruamel.yaml import YAML

from tsernet.data.classes import CLASSES, PREFIXES
from tsernet.data.sources.synthetic.sample import synthetic_sample

REPOSITORY = Path(__file__).parents[2]
LETTERS = {class_name: letters for letters, class_name in PREFIXES.items()}


@dataclass(frozen=True)
class Clone:
    """A repository in a temporary folder."""

    root: Path

    def call(self, *command: str, code: int = 0, environment: dict[str, str] | None = None) -> str:
        """Run a command in it and give what it printed: results first, then what it said beside them."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("SD_SALIENCY", "DVC_", "GIT_"))}
        done = subprocess.run(
            command,
            cwd=self.root,
            env={**kept, "PYTHONPATH": str(self.root), "OMP_NUM_THREADS": "1", **(environment or {})},
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == code, f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def dvc(self, *arguments: str, code: int = 0, environment: dict[str, str] | None = None) -> str:
        return self.call(sys.executable, "-m", "dvc", *arguments, code=code, environment=environment)

    def dvc_json(self, *arguments: str) -> Any:
        """Give the results of a DVC command that prints JSON in one line."""
        return json.loads(self.dvc(*arguments).splitlines()[0])

    def git(self, *arguments: str) -> str:
        return self.call("git", "-c", "user.name=test", "-c", "user.email=test@example.org", *arguments)

    def commit(self, message: str) -> None:
        self.git("add", "-A")
        self.git("commit", "-qm", message)

    def params(self, **changes: object) -> None:
        """Change keys of params.yaml; a double underscore stands for the dot."""
        yaml = YAML()
        path = self.root / "params.yaml"
        tree = yaml.load(path.read_text())
        for key, value in changes.items():
            *sections, last = key.split("__")
            section = tree
            for name in sections:
                section = section[name]
            section[last] = value
        with path.open("w") as out:
            yaml.dump(tree, out)


def add_images(own: Path, first: int, last: int) -> list[str]:
    """Write synthetic images numbered first to last of every class into a folder source."""
    names = []
    for class_name in CLASSES:
        for number in range(first, last + 1):
            name = f"{LETTERS[class_name]}_{number}"
            for room, pixels in zip(("images", "masks"), synthetic_sample(0, class_name, number, 48), strict=True):
                (own / room).mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(own / room / f"{name}.png")
            names.append(name)
    return names
