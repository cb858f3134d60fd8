"""A tiny DVC repository with the real stage names and trivial commands, in place of the real pipeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

STAGE = Path(__file__).with_name("standin_stage.py")

# Where each stage writes, as standin_stage.py does.
_WRITE = {
    "acquire": "data/raw/images.txt",
    "prepare": "data/prepared/manifest.csv",
    "inherit": "data/inherited/start/record.json",
    "split": "data/splits/test.csv",
    "validate": "results/validation/summary.json",
    "compare": "results/report/report.html",
    "register": "results/register.json",
}


def make_repository(path: Path) -> Path:
    """Make the repository, with one commit."""
    (path / "presets").mkdir(parents=True)
    presets = [preset.relative_to(ROOT).as_posix() for preset in (ROOT / "presets").glob("*.yaml")]
    for name in ("params.yaml", *presets, "prefect.yaml", "prefect.toml"):
        (path / name).write_bytes((ROOT / name).read_bytes())
    (path / "stage.py").write_bytes(STAGE.read_bytes())
    (path / "dvc.yaml").write_text(_dvc_yaml(), encoding="utf-8")
    (path / "pipelines").symlink_to(ROOT / "pipelines")
    (path / ".gitignore").write_text("/.tsernet/\n/mlflow.db\n__pycache__\n/pipelines\n/data/\n/results/\n", encoding="utf-8")
    for command in (
        ["git", "init", "--quiet", "--initial-branch=main"],
        ["git", "config", "user.email", "person@example.org"],
        ["git", "config", "user.name", "Person"],
        [sys.executable, "-m", "dvc", "init", "--quiet"],
        [sys.executable, "-m", "dvc", "config", "core.analytics", "false"],
        ["git", "add", "--all"],
        ["git", "commit", "--quiet", "-m", "stand-in"],
    ):
        run(command, path)
    return path


def run(command: list[str], folder: Path, **environment: str) -> str:
    """Run a quick command that must succeed and return its output."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=os.environ | environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def read_journal(path: Path) -> list[dict[str, object]]:
    """List what the stages wrote down, in order."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _dvc_yaml() -> str:
    stages = {"check": "    always_changed: true\n"}
    needs = {
        "acquire": [],
        "prepare": ["data/raw"],
        "inherit": [],
        "split": ["data/prepared"],
        "validate": ["data/splits"],
        "compare": ["results/evaluate"],
    }
    for name, deps in needs.items():
        stages[name] = _lines("deps", deps) + _lines("outs", [str(Path(_WRITE[name]).parent)])
    stages["acquire"] += _lines("params", ["dataset"])
    stages["register"] = _lines("deps", ["results/evaluate/full"]) + _lines("metrics", ["results/register.json"])
    text = "vars:\n  - params.yaml\nstages:\n"
    for name, body in stages.items():
        text += f"  {name}:\n    cmd: python stage.py {name}\n{body}"
    for name, dep in (("train", "results/validation"), ("evaluate", "results/train/${item.variant}/${item.seed}")):
        text += f"  {name}:\n    matrix:\n      variant: ${{variants}}\n      seed: ${{seeds}}\n"
        text += f"    cmd: python stage.py {name} ${{item.variant}} ${{item.seed}}\n" + _lines("deps", [dep]) + _lines("params", ["train"])
        text += _lines("outs", [f"results/{name}/${{item.variant}}/${{item.seed}}"])
    return text


def _lines(key: str, values: list[str]) -> str:
    return f"    {key}: {json.dumps(values)}\n" if values else ""
