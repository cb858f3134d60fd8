"""Who becomes champion: a tie, noise, another test set, worse elsewhere, truly better."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipelines.registry.comparison import Verdict, compare, meets_floor, read_per_image
from tsernet.config import Params, Register
from tsernet.errors import UserError

Write = Callable[..., None]


@pytest.fixture
def settings(make_params: Callable[..., Params]) -> Register:
    """max F, margin 0, tolerance 0.005, confidence 0.95, floor 0.1."""
    return make_params().register_


@pytest.fixture
def judge(tmp_path: Path, write_scores: Write, settings: Register) -> Callable[..., Verdict]:
    """Compare a challenger, its scores as given, with a champion."""

    def judge(**challenger: Any) -> Verdict:
        write_scores(tmp_path / "champion.csv")
        write_scores(tmp_path / "challenger.csv", **challenger)
        return compare(read_per_image(tmp_path / "challenger.csv"), read_per_image(tmp_path / "champion.csv"), settings)

    return judge


def test_an_equal_challenger_is_not_promoted(judge: Callable[..., Verdict]) -> None:
    verdict = judge()
    assert not verdict.promote
    assert verdict.figures["max_f_measure"]["gain"] == 0.0
    assert "not better" in verdict.reason


def test_better_only_by_noise_is_not_promoted(judge: Callable[..., Verdict]) -> None:
    verdict = judge(gain=0.008, noise=0.05, seed=4)
    assert verdict.figures["max_f_measure"]["gain"] > 0.0
    assert verdict.figures["max_f_measure"]["at_least"] < 0.0
    assert not verdict.promote


def test_truly_better_is_promoted(judge: Callable[..., Verdict]) -> None:
    verdict = judge(gain=0.03, noise=0.01)
    assert verdict.promote
    assert verdict.figures["mae"]["gain"] > 0.0  # signed: more is better, also for MAE


def test_the_same_scores_give_the_same_verdict(judge: Callable[..., Verdict]) -> None:
    assert judge(gain=0.01, noise=0.02) == judge(gain=0.01, noise=0.02)


def test_another_test_set_is_refused(judge: Callable[..., Verdict]) -> None:
    verdict = judge(gain=0.1, masks="other")
    assert not verdict.promote
    assert "40 with another mask (p00, p01, p02 …)" in verdict.reason


def test_worse_in_another_measure_is_not_promoted(tmp_path: Path, write_scores: Write, settings: Register) -> None:
    write_scores(tmp_path / "a.csv")
    write_scores(tmp_path / "b.csv", gain=0.05)
    champion, challenger = read_per_image(tmp_path / "a.csv"), read_per_image(tmp_path / "b.csv")
    challenger.scores["s_measure"][:] = champion.scores["s_measure"] - 0.02
    verdict = compare(challenger, champion, settings)
    assert not verdict.promote
    assert "s_measure -0.02" in verdict.reason


def test_the_margin_must_be_exceeded(tmp_path: Path, write_scores: Write, settings: Register) -> None:
    write_scores(tmp_path / "a.csv")
    write_scores(tmp_path / "b.csv", gain=0.05)
    champion, challenger = read_per_image(tmp_path / "a.csv"), read_per_image(tmp_path / "b.csv")
    assert compare(challenger, champion, settings.model_copy(update={"margin": 0.04})).promote
    assert not compare(challenger, champion, settings.model_copy(update={"margin": 0.06})).promote


def test_the_floor_is_a_ceiling_for_mae(settings: Register) -> None:
    assert meets_floor({"max_f_measure": 0.1}, settings)[0]
    assert not meets_floor({"max_f_measure": 0.0999}, settings)[0]
    by_mae = settings.model_copy(update={"measure": "mae", "floor": 0.05})
    assert meets_floor({"mae": 0.05}, by_mae)[0]
    assert meets_floor({"mae": 0.06}, by_mae) == (False, "mae 0.0600 is above the floor of 0.0500")


@pytest.mark.parametrize(("change", "message"), [(("mask_digest", "x"), "missing: mask_digest"), (("0.1", "0.1"), "nan or inf")])
def test_scores_that_are_none_are_named(tmp_path: Path, write_scores: Write, change: tuple[str, str], message: str) -> None:
    path = tmp_path / "scores.csv"
    write_scores(path)
    text = path.read_text().replace(*change, 1)
    if "nan" in message:
        head, first, *rest = text.splitlines()
        text = "\n".join([head, ",".join([*first.split(",")[:-1], "nan"]), *rest])
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        read_per_image(path)
