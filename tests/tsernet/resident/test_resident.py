"""Samples on the device: the batches, and the losses, of the ordinary training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from tsernet.config import Params
from tsernet.data.samples import SampleStore
from tsernet.errors import UserError
from tsernet.resident.draws import draw_steps, require_plain
from tsernet.resident.samples import ResidentSamples
from tsernet.resident.training import EAGER_FIRST, ResidentTraining
from tsernet.training import NoReporter, TrainingJob, train
from tsernet.training.batches import Batches
from tsernet.training.network import initial_network
from tsernet.training.schedule import learning_rate

MakeParams = Callable[..., Params]
CPU = torch.device("cpu")
PLAIN = {
    "dataset.source": "sd-saliency-900",
    "model.width": 0.0625,
    "model.initialisation": "residual",
    "model.encoder_weights": "none",
    "train.iterations": 8,
    "train.batch_size": 3,
    "train.augment.resize": 64,
    "train.augment.crop": 32,
    "train.augment.noise": {"probability": 0.5, "amount": 0.3},
    "train.optimiser.warmup": 4,
    "train.hardware.accelerator": "cpu",
    "train.hardware.threads": 1,
}
TURNED = {"train.augment.flip": {"up_down": 0.5, "left_right": 0.3}, "train.augment.rotate": True}


def _store(folder: Path, colour: bool = False) -> SampleStore:
    for room in ("images", "masks", "edges"):
        (folder / room).mkdir(exist_ok=True)
    for index in range(5):
        rng = np.random.default_rng(index)
        image = rng.integers(1, 200, (64, 64, 3) if colour else (64, 64), dtype=np.uint8)
        mask, edge = (rng.integers(0, 2, (64, 64), dtype=np.uint8) * 255 for _ in range(2))
        for room, plane in (("images", image), ("masks", mask), ("edges", edge)):
            Image.fromarray(plane).save(folder / room / f"s{index}.png")
    return SampleStore(folder, [f"s{index}" for index in range(5)], 64)


@pytest.mark.parametrize("colour", [False, True], ids=["grey", "colour"])
@pytest.mark.parametrize("scaling", ["unit", "own_max"])
@pytest.mark.parametrize("changes", [{}, TURNED], ids=["paper", "flips and turns"])
def test_batches_are_those_of_the_ordinary_training_to_the_bit(
    tmp_path: Path, make_params: MakeParams, changes: dict[str, Any], scaling: str, colour: bool
) -> None:
    config = make_params({**PLAIN, "train.scaling": scaling, **changes}, "paper").train
    store = _store(tmp_path, colour)
    ordinary = Batches({64: store}, config, 7, CPU, torch.channels_last)
    resident = ResidentSamples(store, config, CPU)
    draws = draw_steps(len(resident), config, 7, 0, 12)
    for step in range(12):
        expected, found = ordinary.of_step(step), resident.inputs(draws.moves[step], draws.grains[step])
        assert found.images.is_contiguous(memory_format=torch.channels_last)
        assert torch.equal(found.images, expected.images)
        assert torch.equal(found.masks, expected.masks)
        assert torch.equal(found.edges, expected.edges)
    if changes:
        assert len({tuple(move[3:]) for move in draws.moves.flatten(0, 1).tolist()}) == 8


def test_losses_are_those_of_the_ordinary_training(tmp_path: Path, make_params: MakeParams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSERNET_LOCKS", str(tmp_path / "locks"))
    params = make_params({**PLAIN, **TURNED, "train.optimiser.schedule": "cosine", "train.optimiser.lr": 1e-5}, "paper")
    store = _store(tmp_path)
    job = TrainingJob("full", 1, params, tmp_path, store.names, [], tmp_path / "checkpoints")
    expected = train(job, NoReporter())

    training = ResidentTraining(initial_network("full", 1, params.model), ResidentSamples(store, params.train, CPU), params, 1, chunk=5)
    losses = []
    for steps in (5, 3):
        training.launch(steps)
        training.draw_ahead()
        losses += training.collect()[:, 0].tolist()
    # So small a rate, since rounding alone drives two trainings apart at a larger one.
    assert losses == pytest.approx(expected.history.totals, rel=1e-4)
    rates = [float(rate) for rate in draw_steps(5, params.train, 1, 0, 8).rates]
    assert rates == pytest.approx([learning_rate(step, 8, params.train.optimiser) for step in range(8)], rel=1e-6)
    first = initial_network("full", 1, params.model)
    moved, meant = (
        torch.cat([(one[name] - old.detach()).flatten() for name, old in first.named_parameters()])
        for one in (training.network.state_dict(), expected.last)
    )
    assert float(moved.abs().max()) > 2e-5
    assert float(torch.cosine_similarity(moved, meant, dim=0)) > 0.99


def test_what_algorithm_1_does_not_have_is_refused(make_params: MakeParams) -> None:
    require_plain(make_params(PLAIN, "paper").train)
    with pytest.raises(UserError, match=r"train\.optimiser\.ema: not part of Algorithm 1"):
        require_plain(make_params({**PLAIN, "train.optimiser.ema": 0.9}, "paper").train)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")
def test_a_captured_step_is_the_eager_one(tmp_path: Path, make_params: MakeParams) -> None:
    params = make_params({**PLAIN, "train.hardware.accelerator": "cuda", "train.hardware.precision": "32-true"}, "paper")
    samples = ResidentSamples(_store(tmp_path), params.train, torch.device("cuda"))
    losses = []
    for capture in (False, True):
        training = ResidentTraining(initial_network("full", 1, params.model), samples, params, 1, chunk=8, capture=capture)
        training.launch(EAGER_FIRST + 5)
        losses.append(training.collect()[:, 0].tolist())
    assert losses[1] == pytest.approx(losses[0], rel=1e-3)
