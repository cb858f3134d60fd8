"""`tsernet complexity`: the committed table is what the command makes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import build_app

TABLE = Path(__file__).parents[3] / "docs" / "explanation" / "complexity.md"


@pytest.mark.long
def test_the_committed_table_is_the_commands(tmp_path: Path) -> None:
    result = CliRunner().invoke(build_app(), ["complexity", "--out", str(tmp_path / "new" / "complexity.md")], catch_exceptions=False)
    assert result.exit_code == 0
    assert (tmp_path / "new" / "complexity.md").read_text(encoding="utf-8") == TABLE.read_text(encoding="utf-8")


def test_json_is_one_object_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.commands.complexity.WIDTHS", (0.125,))
    monkeypatch.setattr("tsernet.models.VARIANTS", ("full", "no_efbi"))
    result = CliRunner().invoke(build_app(), ["complexity", "--json"], catch_exceptions=False)
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["variant"], row["parameters"]) for row in rows] == [("full", 2_981_470), ("no_efbi", 1_872_070)]
    assert all(row["macs"] > 1e8 for row in rows)
