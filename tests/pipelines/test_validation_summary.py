"""What validation found, as train, evaluate and compare read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.validation_summary import read_summary
from tsernet.errors import UserError

WHOLE = {
    "passed": False,
    "errors": 2,
    "warnings": 1,
    "splits": {"test": 6},
    "digests": dict.fromkeys(("dataset", "train", "val", "test"), "ab"),
}


def test_what_validate_wrote_is_read(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text(json.dumps(WHOLE))
    summary = read_summary(tmp_path / "summary.json")
    assert (summary.passed, summary.errors, summary.splits, summary.digests["test"]) == (False, 2, {"test": 6}, "ab")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file"),
        ("{", "Invalid JSON"),
        ("{}", "digests: Field required"),
        (json.dumps(WHOLE | {"digests": {"dataset": "ab", "train": "ab"}}), "no digest of test, val"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_names_the_file(tmp_path: Path, content: str | None, reason: str) -> None:
    if content is not None:
        (tmp_path / "summary.json").write_text(content)
    with pytest.raises(UserError, match=reason) as error:
        read_summary(tmp_path / "summary.json")
    assert str(error.value).startswith(str(tmp_path / "summary.json"))
    assert len(str(error.value).splitlines()) == 1
