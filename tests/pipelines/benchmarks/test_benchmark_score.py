"""`tsernet benchmark score`: the figures agree; the time is measured where a machine is quiet enough to mean something."""

import json
import os

import pytest
import typer
from typer.testing import CliRunner

from pipelines.benchmarks import score
from tsernet.errors import CheckError, UserError


@pytest.fixture
def run():
    app = typer.Typer()
    score.register(app)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_the_figures_are_pysodmetrics_own(run):
    result = run("--count", "30", "--repetitions", "1", "--json")
    assert result.exit_code == 0
    tree = json.loads(result.stdout)
    assert "30 images" in tree["title"]
    assert 0 <= tree["largest_difference"] < 1e-9


def test_a_share_that_is_not_reached_is_a_check_error(run):
    assert isinstance(run("--count", "14", "--repetitions", "1", "--at-most", "0.0001").exception, CheckError)
    assert isinstance(run("--maps", "somewhere").exception, UserError)


@pytest.mark.slow
def test_two_cores_need_at_most_sixty_percent_of_the_librarys_time(run):
    if len(os.sched_getaffinity(0)) < 2 or os.getloadavg()[0] > 0.8:
        pytest.skip("needs two idle cores")
    _, ours = json.loads(run("--repetitions", "3", "--json").stdout)["timings"]
    assert ours["share"] <= 0.6
