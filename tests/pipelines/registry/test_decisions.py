"""The record of decisions, told from its beginning: pure, without a store."""

from __future__ import annotations

import dataclasses

import pytest
from typer.testing import CliRunner

from pipelines.cli import build_app
from pipelines.registry.decisions import ANYONE, Decision, replay
from tsernet.errors import UserError


def _promote(version: str, expected: str = ANYONE) -> Decision:
    return Decision("promote", version, expected, "because")


def _rollback(version: str, expected: str) -> Decision:
    return Decision("rollback", version, expected, "because")


def test_three_promotions_and_two_rollbacks_lead_back_to_the_first() -> None:
    record = replay([_promote("1"), _promote("2"), _promote("3"), _rollback("2", "3"), _rollback("1", "2")])
    assert record.champions == ("1",)
    assert [(one.champion_before, one.version) for one in record.decisions] == [("", "1"), ("1", "2"), ("2", "3"), ("3", "2"), ("2", "1")]
    assert {one.effect for one in record.decisions} == {"champion"}


def test_a_promotion_after_a_rollback_can_be_rolled_back_again() -> None:
    record = replay([_promote("1"), _promote("2"), _rollback("1", "2"), _promote("3"), _rollback("1", "3")])
    assert record.champions == ("1",)


def test_a_version_can_be_champion_twice_and_each_time_has_its_own_past() -> None:
    record = replay([_promote("1"), _promote("2"), _promote("1"), _rollback("2", "1")])
    assert record.champions == ("1", "2")


def test_a_decision_against_a_champion_that_is_gone_has_no_effect() -> None:
    record = replay([_promote("1"), _promote("2", expected="1"), _promote("3", expected="1"), _rollback("1", "3")])
    assert record.champion == "2"
    assert [one.effect for one in record.decisions] == ["champion", "champion", "overtaken", "overtaken"]


def test_keeping_the_champion_is_written_and_changes_nothing() -> None:
    record = replay([_promote("1"), Decision("keep", "2", "1", "a tie"), _promote("1")])
    assert record.champions == ("1",)
    assert [one.effect for one in record.decisions] == ["champion", "kept", "was champion already"]


def test_an_alias_moved_or_removed_by_other_tools_is_part_of_the_story() -> None:
    record = replay([_promote("1"), Decision("adopt", "", "1", "removed"), _promote("2"), _rollback("1", "2")])
    assert record.champion == "1"
    assert record.outcome("").effect == "champion"
    assert dataclasses.asdict(record.decisions[1])["champion_before"] == "1"


@pytest.mark.parametrize("arguments", [("promote", "models:/tsernet/1"), ("rollback",)])
def test_an_empty_reason_is_no_reason(arguments: tuple[str, ...]) -> None:
    with pytest.raises(UserError, match="--reason is empty, expected why"):
        CliRunner().invoke(build_app(), ["models", *arguments, "--reason", " "], catch_exceptions=False)
