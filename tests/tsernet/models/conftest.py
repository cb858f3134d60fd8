"""The authors' reference figures, and the rule by which their network was filled."""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tsernet.models import TSERNet, load_official, outline_tsernet
from tsernet.models.official import dead_shapes

REFERENCE = Path(__file__).parents[2] / "reference"
Figures = dict[str, NDArray[np.float32]]


def read_figures(name: str) -> Figures:
    with np.load(REFERENCE / name) as figures:
        return {key: figures[key] for key in figures.files}


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of the authors' figures."""
    return REFERENCE


@pytest.fixture(scope="session")
def official_forward() -> Figures:
    """`input`, and the thirteen maps' logits in eval and in train mode."""
    return read_figures("official_forward.npz")


@pytest.fixture(scope="session")
def official_losses() -> Figures:
    return read_figures("official_losses.npz")


@pytest.fixture(scope="session")
def official_shapes() -> dict[str, tuple[int, ...]]:
    """Every key of the released checkpoint with its shape."""
    return {key: tuple(shape) for key, shape in json.loads((REFERENCE / "official_state_dict.json").read_text(encoding="utf-8")).items()}


def filled(key: str, shape: tuple[int, ...], seed: int) -> Tensor:
    """Make a tensor of the reference network by its rule."""
    if key.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    noise = np.random.default_rng([seed, zlib.crc32(key.encode())]).standard_normal(shape).astype(np.float32)
    if len(shape) == 4:
        noise *= np.float32(np.sqrt(1 / np.prod(shape[1:])))
    else:
        noise *= np.float32(0.1)
        if key.endswith("running_var"):
            noise = 1 + np.abs(noise)
        elif key.endswith("weight"):
            noise = 1 + noise
    return torch.from_numpy(noise)


@pytest.fixture(scope="session")
def official_network(official_forward: Figures, official_shapes: dict[str, tuple[int, ...]]) -> TSERNet:
    """The full network, filled as the reference was. Leave its mode as you found it: eval."""
    seed = int(official_forward["seed"])
    model = outline_tsernet()
    dead = dead_shapes(model)
    # The dead layers' values go nowhere: a view of one zero stands in for 47 million.
    weights = {key: torch.zeros(()).expand(shape) if key in dead else filled(key, shape, seed) for key, shape in official_shapes.items()}
    model.to_empty(device="cpu")
    dropped = load_official(model, weights)
    assert set(dropped) == set(dead)
    return model.eval()
