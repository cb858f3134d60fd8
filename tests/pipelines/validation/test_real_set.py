"""SD-saliency-900 itself, through prepare, split and validate."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.validation import validate_data
from tsernet.config import Params
from tsernet.data.prepare import prepare
from tsernet.data.sources import acquire
from tsernet.data.splits import make_splits, write_splits


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("share", [0.0, 0.1])
def test_the_published_set_has_one_warning_and_no_error(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_params: Callable[..., Params], share: float
) -> None:
    monkeypatch.setenv("SD_SALIENCY_900", str(shared / "data/SD-saliency-900"))
    params = make_params({"dataset.source": "sd-saliency-900", "split.validation": share, "validate.near_duplicate_bits": 6}, "paper")
    assert acquire(params.dataset, tmp_path / "raw") == 1800
    rows = prepare(tmp_path / "raw", tmp_path / "prepared", 3, params.validate_.max_pixels)
    assert len(rows) == 900
    assert Counter(row.class_ for row in rows) == {"inclusion": 300, "patch": 300, "scratch": 300}
    assert {(row.width, row.height, row.mode, row.mask_values, row.usable) for row in rows} == {(200, 200, "L", "0 255", True)}
    parts = make_splits(rows, params.split, "sd-saliency-900")
    assert (len(parts["train"]) + len(parts["val"]), len(parts["test"])) == (540, 360)
    write_splits(parts, rows, tmp_path / "splits")
    validate_data(tmp_path / "prepared", tmp_path / "splits", params.validate_, "sd-saliency-900", tmp_path / "validation")
    summary = json.loads((tmp_path / "validation/summary.json").read_text())
    broken = [(entry["severity"], entry["name"], entry["failing"]) for entry in summary["expectations"] if not entry["success"]]
    assert broken == [("warning", "duplicate-in-split", ["Pa_101", "Pa_105"])]
    assert (summary["passed"], summary["errors"], summary["warnings"]) == (True, 0, 1)
