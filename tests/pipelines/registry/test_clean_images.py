"""A challenger that finds more and cries wolf more is not better."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.registry.clean_images import read_clean, weigh_false_alarms
from pipelines.registry.comparison import Verdict
from tsernet.config import Params, Register
from tsernet.errors import UserError

BETTER = Verdict(True, "better than the champion", {"mae": {}})


@pytest.fixture
def settings(make_params: Callable[..., Params]) -> Register:
    return make_params().register_


def table(path: Path, marked: list[int], name: str = "image") -> Path:
    rows = [f"{name}{index},{index:064d},{one},{one},10000" for index, one in enumerate(marked)]
    path.write_text("\n".join(["name,mask_digest,marked,false_components,pixels", *rows]) + "\n")
    return path


def test_more_false_alarms_keep_the_champion_and_the_record_says_by_how_much(tmp_path: Path, settings: Register) -> None:
    challenger, champion = read_clean(table(tmp_path / "a", [1] * 8 + [0] * 32)), read_clean(table(tmp_path / "b", [1] + [0] * 39))
    verdict = weigh_false_alarms(BETTER, challenger, champion, settings)
    assert not verdict.promote
    assert "of 40 clean images 20.0% are marked, by the champion 2.5%" in verdict.reason
    assert verdict.figures["marked_clean"]["gain"] == pytest.approx(-7 / 40)
    assert verdict.figures["marked_clean"]["challenger_per_megapixel"] == pytest.approx(20.0)


def test_fewer_false_alarms_do_not_make_a_worse_finder_champion(tmp_path: Path, settings: Register) -> None:
    few, many = read_clean(table(tmp_path / "a", [0] * 40)), read_clean(table(tmp_path / "b", [1] * 20 + [0] * 20))
    assert weigh_false_alarms(BETTER, few, many, settings).promote
    verdict = weigh_false_alarms(Verdict(False, "not better", {}), few, many, settings)
    assert (verdict.promote, verdict.reason[:11]) == (False, "not better;")


def test_without_the_same_clean_images_nothing_is_said_of_them(tmp_path: Path, settings: Register) -> None:
    one, other = read_clean(table(tmp_path / "a", [0, 1])), read_clean(table(tmp_path / "b", [0, 1], "other"))
    assert weigh_false_alarms(BETTER, one, other, settings) == BETTER
    assert weigh_false_alarms(BETTER, one, None, settings) == BETTER
    assert read_clean(table(tmp_path / "none", [])) is None
    (tmp_path / "bad").write_text("name,marked\na,1\n")
    with pytest.raises(UserError, match="expected name"):
        read_clean(tmp_path / "bad")
