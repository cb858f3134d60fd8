"""The same training on a GPU: what `auto` chooses there runs, learns, stops and goes on."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable

import pytest
import torch

from tsernet.errors import StoppedError
from tsernet.training import NoReporter, TrainingJob, train
from tsernet.training.history import Row

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no CUDA device")

MakeJob = Callable[..., TrainingJob]


class StopsAt(NoReporter):
    """Raises SIGTERM when a step is reported."""

    def __init__(self, step: int) -> None:
        self._step = step

    def row(self, step: int, row: Row) -> None:
        if step == self._step:
            signal.raise_signal(signal.SIGTERM)


@pytest.mark.parametrize("precision", ["auto", "32-true"])
def test_it_learns(make_job: MakeJob, precision: str) -> None:
    job = make_job(train__hardware__accelerator="cuda", train__hardware__precision=precision, train__iterations=40)
    result = train(job, NoReporter())
    losses = result.history.totals
    assert all(math.isfinite(loss) for loss in losses)
    assert sum(losses[-5:]) < 0.95 * sum(losses[:5])
    assert {tensor.device.type for tensor in result.model.state_dict().values()} == {"cpu"}


def test_it_agrees_with_the_cpu_at_the_first_step(make_job: MakeJob) -> None:
    changes = {"train__iterations": 1, "train__hardware__precision": "32-true", "train__optimiser__lr": 1e-6}
    on_gpu = train(make_job("gpu", train__hardware__accelerator="cuda", **changes), NoReporter())
    on_cpu = train(make_job("cpu", train__hardware__accelerator="cpu", **changes), NoReporter())
    assert on_gpu.history.totals[0] == pytest.approx(on_cpu.history.totals[0], rel=5e-3)  # TF32 is off, the sums are in another order


def test_a_stopped_training_goes_on(make_job: MakeJob) -> None:
    def job() -> TrainingJob:
        return make_job(train__hardware__accelerator="cuda", train__optimiser__ema=0.9)

    with pytest.raises(StoppedError, match="at step 4, kept as"):
        train(job(), StopsAt(4))
    result = train(job(), NoReporter())
    assert result.history.steps == 6


def test_it_runs_compiled(make_job: MakeJob) -> None:
    job = make_job(train__hardware__accelerator="cuda", train__hardware__compile=True, train__iterations=3, train__validate_every=0)
    assert all(math.isfinite(loss) for loss in train(job, NoReporter()).history.totals)
