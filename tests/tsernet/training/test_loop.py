"""Algorithm 1: the same inputs give the same bits, whatever happens in between."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tsernet.data.pixels import ImageArray
from tsernet.errors import CheckError, StoppedError
from tsernet.models import build_tsernet
from tsernet.training import NoReporter, TrainingJob, TrainingResult, train
from tsernet.training.batches import Batch, Batches
from tsernet.weights import save_model

MakeJob = Callable[..., TrainingJob]


class Recorder(NoReporter):
    """Keeps what a training reports, and may raise a signal at a step."""

    def __init__(self, signal_at: int | None = None, number: int = signal.SIGTERM) -> None:
        self.rows: dict[int, dict[str, float]] = {}
        self.images: list[tuple[str, int]] = []
        self._signal_at, self._number = signal_at, number

    def row(self, step: int, row: dict[str, float]) -> None:
        assert step not in self.rows, "a step was reported twice"
        self.rows[step] = row
        if step == self._signal_at:
            signal.raise_signal(self._number)

    def image(self, name: str, image: ImageArray, step: int) -> None:
        assert image.std() > 0
        self.images.append((name, step))


def same_bits(first: TrainingResult, second: TrainingResult) -> bool:
    pairs = zip(first.model.state_dict().values(), second.model.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits_and_another_seed_others(make_job: MakeJob) -> None:
    first, again, other = (train(make_job(folder, seed), NoReporter()) for folder, seed in (("a", 0), ("b", 0), ("c", 1)))
    assert same_bits(first, again)
    assert not same_bits(first, other)


@pytest.mark.parametrize(("ema", "number"), [(0.0, signal.SIGTERM), (0.9, signal.SIGINT)])
def test_a_stopped_training_ends_as_the_undisturbed_one(make_job: MakeJob, tmp_path: Path, ema: float, number: int) -> None:
    undisturbed, stopped, resumed = Recorder(), Recorder(signal_at=3, number=number), Recorder()
    expected = train(make_job("undisturbed", train__optimiser__ema=ema), undisturbed)
    with pytest.raises(StoppedError, match=r"at step 3, kept as .*run 'dvc repro' again") as error:
        train(make_job("stopped", train__optimiser__ema=ema), stopped)
    assert error.value.exit_code == 128 + number
    result = train(make_job("stopped", train__optimiser__ema=ema), resumed)
    assert same_bits(result, expected)
    assert stopped.rows | resumed.rows == undisturbed.rows
    assert not stopped.rows.keys() & resumed.rows.keys()
    for run, name in ((expected, "undisturbed.csv"), (result, "stopped.csv")):
        run.history.write_csv(tmp_path / name)
    assert (tmp_path / "undisturbed.csv").read_bytes() == (tmp_path / "stopped.csv").read_bytes()


def test_the_best_validated_weights_are_chosen_and_the_last_are_kept(make_job: MakeJob) -> None:
    recorder = Recorder()
    result = train(make_job(), recorder)
    scores = {step: row["val_s_measure"] for step, row in recorder.rows.items() if "val_s_measure" in row}
    assert set(scores) == {3, 6}
    assert result.step_seconds is not None
    assert result.step_seconds > 0
    assert result.chosen_step == max(scores, key=lambda step: scores[step])
    assert recorder.images == [("samples.png", 2), ("validation.png", 3), ("samples.png", 4), ("validation.png", 6)]
    is_last = all(torch.equal(result.last[name], tensor) for name, tensor in result.model.state_dict().items())
    assert is_last == (result.chosen_step == 6)


def test_every_parameter_of_every_part_learns(make_job: MakeJob) -> None:
    job = make_job(train__iterations=1, train__validate_every=0)
    torch.manual_seed(0)
    before = build_tsernet("full", 0.0625).state_dict()
    after = train(job, NoReporter()).model.state_dict()
    assert [name for name in before if name.endswith("weight") and torch.equal(before[name], after[name])] == []


def test_a_loss_that_is_not_finite_stops_and_names_step_term_and_images(make_job: MakeJob, tmp_path: Path) -> None:
    model = build_tsernet("full", 0.0625)
    with torch.no_grad():
        model.edge.score.bias.fill_(float("nan"))
    save_model(tmp_path / "nan.safetensors", model, {"resize": "32", "scaling": "unit", "stretch": "true"})
    with pytest.raises(CheckError, match=r"not finite at step 1: term edge, .*images s\d, s\d; .*checkpoints"):
        train(make_job(model__start_from=str(tmp_path / "nan.safetensors")), NoReporter())


def test_out_of_memory_is_one_line_that_says_what_to_change(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    def allocate(*_: object) -> None:
        torch.empty(2**55, dtype=torch.float64)

    monkeypatch.setattr("tsernet.training.loop.tsernet_loss", allocate)
    with pytest.raises(CheckError, match=r"out of memory: lower train\.batch_size \(now 2\)"):
        train(make_job(), NoReporter())


def test_the_plateau_rule_ends_a_training_early(make_job: MakeJob) -> None:
    result = train(make_job(train__plateau={"window": 2, "tolerance": 0.99}), NoReporter())
    assert result.history.steps == 4


def test_every_batch_that_is_drawn_is_trained_on(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    of_step = Batches.of_step

    def note(batches: Batches, step: int) -> Batch:
        drawn.append(step)
        return of_step(batches, step)

    monkeypatch.setattr(Batches, "of_step", note)
    train(make_job(train__iterations=2, train__validate_every=0, train__norm_batches=0), NoReporter())
    assert drawn == [0, 1]


def test_inputs_grow_as_the_params_say_and_statistics_are_of_the_last_size(make_job: MakeJob, monkeypatch: pytest.MonkeyPatch) -> None:
    sides: list[int] = []
    of_step = Batches.of_step

    def recorded(self: Batches, step: int, full_size: bool = False) -> Batch:
        batch = of_step(self, step, full_size)
        sides.append(batch.images.shape[-1] * (-1 if full_size else 1))
        return batch

    monkeypatch.setattr(Batches, "of_step", recorded)
    parts = [{"until": 0.3, "resize": 32, "crop": 32}, {"until": 0.5, "resize": 96, "crop": 64}]
    changes = {"train__augment__resize": 96, "train__augment__crop": 96, "train__progressive": parts, "train__validate_every": 0}
    result = train(make_job(**changes), NoReporter())
    assert sides == [32, 32, 64, 96, 96, 96, -96, -96]
    assert result.history.steps == 6
