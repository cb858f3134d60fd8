"""The pure functions of a training: order of samples, learning rate, the plateau rule, the record."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsernet.config import Optimiser, Plateau
from tsernet.training.device_lock import device_lock
from tsernet.training.history import History
from tsernet.training.sampler import draws_of_step
from tsernet.training.schedule import ema_decay, has_converged, learning_rate


def optimiser(schedule: str, warmup: int) -> Optimiser:
    values = {"lr": 0.1, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": 0.0, "clip_norm": 0.0, "ema": 0.0}
    return Optimiser.model_validate(values | {"schedule": schedule, "warmup": warmup})


@given(samples=st.integers(1, 30), batch=st.integers(1, 8), seed=st.integers(0, 2**31 - 1))
def test_every_epoch_shows_every_sample_once(samples: int, batch: int, seed: int) -> None:
    draws = [draw for step in range(2 * samples) for draw in draws_of_step(samples, batch, seed, step)]
    for epoch in range(len(draws) // samples):
        assert Counter(draw.sample for draw in draws[epoch * samples : (epoch + 1) * samples]) == dict.fromkeys(range(samples), 1)
    assert len({draw.seed for draw in draws}) == len(draws)


def test_learning_rate_is_the_papers_constant_or_a_cosine_after_a_warm_up() -> None:
    assert [learning_rate(step, 100, optimiser("constant", 0)) for step in (0, 50, 99)] == [0.1, 0.1, 0.1]
    cosine = [learning_rate(step, 110, optimiser("cosine", 10)) for step in range(110)]
    assert cosine[0] == pytest.approx(0.01)
    assert cosine[10] == pytest.approx(0.1)
    assert cosine[60] == pytest.approx(0.05)
    assert cosine[10:] == sorted(cosine[10:], reverse=True)
    assert 0 < cosine[-1] < 1e-4


def test_averaging_forgets_the_start_quickly() -> None:
    assert ema_decay(0, 0.99) == pytest.approx(0.1)
    assert ema_decay(10_000, 0.99) == 0.99


def test_a_training_has_converged_when_the_last_window_is_no_better() -> None:
    rule = Plateau(window=3, tolerance=0.01)
    assert not has_converged([3.0, 3.0, 3.0, 2.0, 2.0, 2.0], rule)
    assert has_converged([3.0, 3.0, 3.0, 3.0, 2.99, 3.0], rule)
    assert not has_converged([3.0] * 5, rule)
    assert not has_converged([3.0] * 100, Plateau(window=0, tolerance=0.5))


def test_the_record_writes_means_over_the_window_and_survives_its_state(tmp_path: Path) -> None:
    history = History(log_every=2)
    for step in range(1, 5):
        history.add_step([float(step), 1.0, 2.0, 3.0, 4.0, 5.0], 0.1 * step)
        if step == 3:
            history.add_validation({"val_s_measure": 0.5})
    assert history.row(1) is None
    assert history.row(2) == {"loss": 1.5, "loss_edge": 1.0, "loss_bce": 2.0, "loss_ssim": 3.0, "loss_iou": 4.0, "loss_f": 5.0, "lr": 0.2}
    assert history.row(3) == {"val_s_measure": 0.5}
    assert history.best_step() == 3
    history.write_csv(tmp_path / "a.csv")
    History.from_state(2, *history.to_state()).write_csv(tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert [line.split(",")[0] for line in (tmp_path / "a.csv").read_text().splitlines()] == ["step", "2", "3", "4"]


def test_the_one_who_waits_for_a_device_says_who_holds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSERNET_LOCKS", str(tmp_path))
    code = "from tsernet.training.device_lock import device_lock\nwith device_lock('cpu', 'second'): print('mine')"
    with device_lock("cpu", "training full, seed 0"):
        waiting = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert waiting.stderr is not None
        said = waiting.stderr.readline()
        time.sleep(0.2)
        assert waiting.poll() is None
    out, _ = waiting.communicate(timeout=60)
    assert "waiting for the device cpu, held by process" in said
    assert "training full, seed 0" in said
    assert out == "mine\n"


def test_a_mig_slice_with_slashes_in_its_name_can_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSERNET_LOCKS", str(tmp_path))
    with device_lock("cuda-MIG-GPU-ab.cd/1/0", "training full, seed 0"), device_lock("cuda-MIG-GPU-ab.cd/2/0", "training full, seed 1"):
        held = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert held == {f"cuda-MIG-GPU-ab.cd-{slice_}-0.{suffix}" for slice_ in (1, 2) for suffix in ("lock", "json")}
