"""What the package can do without its extras: read, infer, inspect and score."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.extras import EXTRAS, extra_of
from tsernet.inference import to_uint8
from tsernet.shipped import shipped_model

ROOT = Path(__file__).parents[2]
MOST_BYTES = 0.08 * 7.1e9
"""Of the base, with Python's own pip: a share of what everything takes. docs/explanation/performance.md says what of it is whose."""
HIDDEN = """
import sys
class Hiding:
    def __init__(self, finder):
        self.finder = finder
    def find_spec(self, name, path=None, target=None):
        return None if name.partition(".")[0] in MODULES else self.finder.find_spec(name, path, target)
sys.meta_path = [Hiding(finder) for finder in sys.meta_path]
from pipelines.cli import main
main()
""".replace("MODULES", repr(sorted(EXTRAS)))
"""The command as it is where none of the extras is installed."""


@pytest.fixture
def images(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).normal(120, 8, (200, 200))
    pixels[90:97, 20:150] += 60
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(tmp_path / "images/one.png")
    mask = np.zeros((200, 200), np.uint8)
    mask[90:97, 20:150] = 255
    Image.fromarray(mask).save(tmp_path / "masks/one.png")
    return tmp_path / "images"


def test_predict_inspect_and_score_run_without_the_extras(images: Path, tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        return subprocess.run([sys.executable, "-c", HIDDEN, *words], cwd=tmp_path, env=environment, capture_output=True, text=True)

    for words, code, said in (
        (("predict", "images", "--out", "maps", "--model", "shipped"), 0, "1 map in maps"),
        (("score", "maps", "masks"), 0, "max F"),
        (("inspect", "images", "--out", "found", "--model", "shipped"), 3, "1 of 1 images"),
    ):
        done = run(*words)
        assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr
    assert not (tmp_path / "found/defects.parquet").exists()
    assert "without defects.parquet, for which pyarrow is not installed" in done.stderr
    done = run("export", "shipped", "m.safetensors")
    assert done.returncode == 2
    assert done.stderr.strip() == "error: this needs torch, which is not installed; pip install 'tsernet[train]'"


def test_extras_are_those_of_pyproject() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    names = {extra: {re.split(r"[\[<>=]", one)[0].replace("-", "_") for one in needed} for extra, needed in extras.items()}
    packages = {"cv2": "opencv_python_headless", "MNN": "mnn", "sklearn": "scikit_learn", "py_sod_metrics": "pysodmetrics"}
    # Prefect's own client; the project uses no more of it.
    wrong = {module: extra for module, extra in EXTRAS.items() if packages.get(module, module) not in names[extra] and module != "httpx"}
    assert wrong == {}
    assert extra_of("torch.nn") == "train"
    assert extra_of("numpy") is extra_of(None) is None


@pytest.mark.slow
@pytest.mark.long
def test_an_empty_environment_with_the_base_alone_predicts(images: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("tsernet", "pipelines"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copyfile(ROOT / name, source / name)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv/bin/python"
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", str(ROOT / "requirements.lock"), str(source)]
    done = subprocess.run([python, *words], env=environment, capture_output=True, text=True)
    if done.returncode and "No matching distribution" in done.stderr + done.stdout:
        pytest.skip(f"packages cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    size = sum(path.stat().st_size for path in (tmp_path / "venv").rglob("*") if path.is_file() and not path.is_symlink())
    print(f"the base takes {size / 1e6:.0f} MB")
    assert size < MOST_BYTES
    words = ["predict", str(images), "--out", "maps", "--model", "shipped"]
    done = subprocess.run([tmp_path / "venv/bin/tsernet", *words], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    image = np.asarray(Image.open(images / "one.png"))
    from tsernet.runtimes import open_session
    from tsernet.saliency import map_maker

    expected = to_uint8(map_maker(*open_session(shipped_model(), "torch")).predict([image])[0]).astype(int)
    assert np.abs(np.asarray(Image.open(tmp_path / "maps/one.png"), dtype=int) - expected).max() <= 1
