"""The benchmarks of training and inference, end to end at a small size."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import build_app
from tsernet.errors import CheckError


def benchmark(*arguments: str) -> dict[str, Any]:
    result = CliRunner().invoke(build_app(), ["benchmark", *arguments, "--repetitions", "1", "--json"], catch_exceptions=False)
    tree: dict[str, Any] = json.loads(result.stdout)
    return tree


@pytest.mark.long
def test_a_step_is_timed_plain_and_chosen_against_the_floor() -> None:
    tree = benchmark("train", "--width", "0.0625", "--batch", "2", "--size", "32", "--threads", "1", "--accelerator", "cpu")
    plain, chosen, floor = tree["timings"]
    assert [row["name"] for row in tree["timings"]] == ["plain eager", "chosen defaults", "floor"]
    # What so small a step takes may lie below what the imports once took.
    assert plain["peak MiB"] >= 0
    assert chosen["peak MiB"] >= 0
    assert 0 < floor["median_s"] < chosen["median_s"] < plain["median_s"]


def test_a_sample_is_timed_from_memory_and_from_disk_and_may_be_bounded() -> None:
    tree = benchmark("load", "--size", "64", "--resize", "64", "--crop", "32")
    memory, disk = tree["timings"]
    assert (memory["name"], disk["name"]) == ("from memory", "from disk")
    assert 0 < memory["median_s"] < disk["median_s"]
    with pytest.raises(CheckError, match=r"a sample took .* ms, expected at most 1e-06 ms"):
        benchmark("load", "--size", "64", "--resize", "64", "--crop", "32", "--at-most", "0.000001")
