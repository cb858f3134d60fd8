"""A handful of samples and a training that takes a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tsernet.config import Params
from tsernet.data.inherited import find_start
from tsernet.training import TrainingJob

TINY = {
    "model.width": 0.0625,
    "model.initialisation": "torch",
    "train.norm_batches": 2,
    "train.iterations": 6,
    "train.batch_size": 2,
    "train.augment.resize": 64,
    "train.augment.crop": 32,
    "train.log_every": 2,
    "train.validate_every": 3,
    "train.checkpoint_every": 2,
    "train.hardware.threads": 1,
    "evaluate.resize": 32,
}


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six samples as `prepare` writes them: a bright square on noise."""
    folder = tmp_path_factory.mktemp("prepared")
    for room in ("images", "masks", "edges"):
        (folder / room).mkdir()
    for index in range(6):
        rng = np.random.default_rng(index)
        image = rng.integers(60, 120, (40, 48), dtype=np.uint8)
        mask, edge = np.zeros_like(image), np.zeros_like(image)
        mask[8:24, 10 + index : 30], edge[8, 10 + index : 30] = 255, 255
        image[mask > 0] += 100
        for room, plane in (("images", image), ("masks", mask), ("edges", edge)):
            Image.fromarray(plane).save(folder / room / f"s{index}.png")
    return folder


@pytest.fixture
def make_job(
    prepared: Path, tmp_path: Path, make_params: Callable[..., Params], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., TrainingJob]:
    """Build a tiny training with its own checkpoints and its own device locks."""
    monkeypatch.setenv("TSERNET_LOCKS", str(tmp_path / "locks"))

    def make(checkpoints: str = "checkpoints", seed: int = 0, variant: str = "full", **changes: Any) -> TrainingJob:
        params = make_params(TINY | {key.replace("__", "."): value for key, value in changes.items()})
        names = [f"s{index}" for index in range(6)]
        start = find_start(params.model.start_from)
        return TrainingJob(variant, seed, params, prepared, names[:4], names[4:], tmp_path / checkpoints, start=start)

    return make
