"""A repository in which a tiny model has been trained and evaluated, as the stages leave it."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[3]
MEASURES = ("s_measure", "mae", "max_e_measure", "max_f_measure", "weighted_f_measure")
LEVEL = {"s_measure": 0.8, "mae": 0.05, "max_e_measure": 0.9, "max_f_measure": 0.8, "weighted_f_measure": 0.7}
Scores = Mapping[str, float]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_database: Path) -> Path:
    """A git repository with demo's params.yaml as the working directory; its default store."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name in ("MLFLOW_TRACKING_URI", "TSERNET_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    shutil.copyfile(REPOSITORY / "presets" / "demo.yaml", tmp_path / "params.yaml")
    return tmp_path


@pytest.fixture
def write_scores() -> Callable[..., None]:
    """Write a per_image.csv of 40 images whose scores are those given, with noise that two models share or not."""

    def write(path: Path, gain: float = 0.0, noise: float = 0.0, masks: str = "m", seed: int = 0) -> None:
        own, common = np.random.default_rng(seed), np.random.default_rng(99)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["name", "class", "coverage", "mask_digest", *MEASURES])
            for index in range(40):
                shared, mine = common.normal(0, 0.03), own.normal(0, noise) if noise else 0.0
                signed = [
                    LEVEL[key] + (-1 if key == "mae" else 1) * (gain + mine) * (0.2 if key == "mae" else 1) + shared for key in MEASURES
                ]
                writer.writerow([f"p{index:02d}", "patch", 0.1, f"{masks}{index}", *signed])

    return write


@pytest.fixture
def make_candidate(repository: Path, write_scores: Callable[..., None]) -> Callable[..., None]:
    """Leave results/train/VARIANT/0 and results/evaluate/VARIANT/0 as the stages would; scores as `write_scores` takes them."""

    def make(seed: int = 0, run_id: str | None = None, test_digest: str | None = None, variant: str = "full", **scores: float | str) -> str:
        import torch
        from PIL import Image

        from pipelines import tracking
        from tsernet.methods.registry import build_network
        from tsernet.weights import save_model, sha256_of

        torch.manual_seed(seed)
        trained, evaluated = Path(f"results/train/{variant}/0"), Path(f"results/evaluate/{variant}/0")
        metadata = {"resize": "96", "scaling": "unit", "stretch": "true"}
        save_model(trained / "model.safetensors", build_network(variant, 0.0625), metadata)
        write_scores(evaluated / "per_image.csv", **scores)
        table = np.genfromtxt(evaluated / "per_image.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
        (evaluated / "metrics.json").write_text(json.dumps({key: float(table[key].mean()) for key in MEASURES}))
        Path("data/prepared/images").mkdir(parents=True, exist_ok=True)
        generator = np.random.default_rng(0)
        for index in range(40):
            pixels = generator.integers(0, 256, (40, 48), dtype=np.uint8)
            Image.fromarray(pixels).save(f"data/prepared/images/p{index:02d}.png")
        _write_maps(trained / "model.safetensors", evaluated / "maps", [f"p{index:02d}" for index in (0, 10, 20, 30)])
        if run_id is None:
            with tracking.child_run(variant, 0) as run:
                if test_digest:
                    run.set_tags({"tsernet.digest.test": test_digest})
            run_id = run.run_id
        record = {"run_id": run_id, "parent_run_id": "", "weights_sha256": sha256_of(trained / "model.safetensors")}
        (trained / "run.json").write_text(json.dumps(record))
        return run_id

    return make


def _write_maps(weights: Path, maps: Path, names: list[str]) -> None:
    """What evaluation would leave of the images that the gate looks at."""
    from PIL import Image

    from tsernet.config import load_params
    from tsernet.data.pixels import read_image
    from tsernet.inference import load_predictor, to_uint8

    settings = load_params().evaluate
    predictor = load_predictor(weights, runtime="torch")
    predictor.resize, predictor.stretch, predictor.flips = settings.resize, settings.stretch, settings.flips
    maps.mkdir(exist_ok=True)
    for name in names:
        (saliency,) = predictor.predict([read_image(Path(f"data/prepared/images/{name}.png"))])
        Image.fromarray(to_uint8(saliency)).save(maps / f"{name}.png")


@pytest.fixture
def bare_versions(repository: Path) -> Callable[[int], None]:
    """Make versions of `tsernet` that are nothing but numbers, in whatever store is set: promotion looks at no file."""

    def make(count: int) -> None:
        from pipelines.registry import Registry
        from pipelines.tracking.server import experiment_id

        registry = Registry()
        registry.ensure()
        experiment = experiment_id(registry.client, registry.uri, repository)
        run = registry.client.create_run(experiment)
        for _ in range(count):
            registry.client.create_model_version("tsernet", f"{run.info.artifact_uri}/model", run_id=run.info.run_id)

    return make
