"""The simulation of rounds of labelling goes on where it was killed, and both arms begin with one model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import build_app
from tsernet.errors import UserError

SMALL = ("--seeds", "1", "--rounds", "1", "--first", "8", "--step", "4", "--iterations", "2", "--more", "1", "--width", "0.0625")


@pytest.mark.long
def test_the_simulation_goes_on_where_it_stood(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SD_SALIENCY_900", str(shared / "data/SD-saliency-900"))
    monkeypatch.setenv("TSERNET_LOCKS", str(tmp_path / "locks"))

    def call(*more: str) -> str:
        result = CliRunner().invoke(
            build_app(), ["benchmark", "review", "--out", str(tmp_path / "out"), *SMALL, *more], catch_exceptions=False
        )
        assert result.exit_code == 0, result.output
        return result.stdout

    first = call()
    rounds = {path.parent.name: json.loads(path.read_text()) for path in (tmp_path / "out/seed-0").glob("*/round.json")}
    assert {name: len(done["labelled"]) for name, done in rounds.items()} == {"begin": 8, "review-1": 12, "chance-1": 12}
    assert all(done["labelled"][:8] == rounds["begin"]["labelled"] for done in rounds.values())
    assert len({tuple(done["labelled"]) for done in rounds.values()}) == 3

    kept = (tmp_path / "out/seed-0/begin/model.safetensors").stat().st_mtime_ns
    (tmp_path / "out/seed-0/review-1/round.json").unlink()  # as a kill leaves it
    assert call() == first
    assert (tmp_path / "out/seed-0/begin/model.safetensors").stat().st_mtime_ns == kept
    with pytest.raises(UserError, match="was begun with other settings"):
        call("--size", "96")
