"""The stopwatch, and the loss benchmark end to end at a small size."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from pipelines.benchmarks.measure import Timing, describe_machine, print_report, time_in_turn
from pipelines.cli import build_app


def test_ways_take_turns() -> None:
    calls: list[str] = []
    timings = time_in_turn({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repetitions=3, warm_up=1)
    assert calls == ["a", "b"] * 4
    assert [(timing.name, len(timing.seconds)) for timing in timings] == [("a", 3), ("b", 3)]


def test_no_repetition_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        time_in_turn({}, repetitions=0)


def test_report_compares_medians_with_the_first(capsys: pytest.CaptureFixture[str]) -> None:
    timings = [Timing("plain", (4.0, 2.0, 9.0), {}), Timing("ours", (1.0, 1.0, 7.0), {"peak_mb": 12})]
    print_report("work", timings, as_json=True, facts={"note": 1})
    tree = json.loads(capsys.readouterr().out)
    assert [row["median_s"] for row in tree["timings"]] == [4.0, 1.0]
    assert [row["share"] for row in tree["timings"]] == [1.0, 0.25]
    assert tree["timings"][1]["peak_mb"] == 12
    assert tree["note"] == 1
    assert tree["machine"].keys() == describe_machine().keys()
    print_report("work", timings, as_json=False)
    assert "25.0%" in capsys.readouterr().out


def test_machine_is_named() -> None:
    machine = describe_machine()
    assert machine["cpu"]
    assert int(machine["cores"]) >= 1


def test_loss_benchmark_compares_equal_values() -> None:
    arguments = ["benchmark", "loss", "--batch", "1", "--size", "32", "--repetitions", "1", "--json"]
    result = CliRunner().invoke(build_app(), arguments, catch_exceptions=False)
    tree = json.loads(result.stdout)
    assert [row["name"] for row in tree["timings"]] == ["plain", "ours"]
    assert tree["largest_difference"] < 1e-5
