"""The table of trials names what was searched so that it can be told apart."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import optuna
import pytest

from pipelines.commands import tune


def test_no_key_is_cut_off(capsys: pytest.CaptureFixture[str]) -> None:
    keys = ["train.optimiser.lr", "train.optimiser.warmup", "train.augment.flip", "train.augment.noise.amount", "a.amount", "seeds"]
    search: Any = SimpleNamespace(measure="max_f_measure", space=dict.fromkeys(keys), name="tune-0123456789")
    study = optuna.create_study()
    study.add_trial(optuna.trial.create_trial(state=optuna.trial.TrialState.FAIL, user_attrs={"experiment 1": "tune-0123456789-0-fold-1"}))
    tune._print_table(search, study)
    heading = capsys.readouterr().out.splitlines()[2]
    for name in ("trial", "max_f_measure", " lr ", " warmup ", " flip ", " noise.amount ", " a.amount ", " seeds ", "experiments"):
        assert name in heading
