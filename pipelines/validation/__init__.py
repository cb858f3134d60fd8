"""Promises that data must keep, checked by Great Expectations before any training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.validation.alike import find_alike
from pipelines.validation.docs import finish_docs
from pipelines.validation.expectations import Outcome, run_expectations
from pipelines.validation.promises import promises
from pipelines.validation.summary import broken, write_summary
from pipelines.validation.tables import build_tables
from tsernet.config import Validate
from tsernet.data.disk import replacing
from tsernet.data.prepare import Row, read_manifest
from tsernet.data.samples import read_split
from tsernet.data.splits import SPLITS

__all__ = ["Outcome", "broken", "check_data", "validate_data"]


def validate_data(prepared: Path, split_room: Path, config: Validate, source: str, target: Path) -> Sequence[Outcome]:
    """Check manifest and splits; write summary.json and the Data Docs, whether the data are good or not.

    Args:
        prepared: What the stage prepare wrote.
        split_room: What the stage split wrote.
        config: The section `validate` of params.yaml.
        source: `dataset.source`.
        target: The folder to make or replace.
    Returns:
        One outcome for each promise.
    Raises:
        UserError: If manifest or splits cannot be read or the disk is full.
    """
    rows, splits = _read(prepared, split_room)
    with replacing(target) as fresh:
        outcomes = check_data(prepared, split_room, config, source, fresh / "data_docs")
        finish_docs(fresh / "data_docs", outcomes, rows, prepared, config.thumbnails)
        write_summary(outcomes, rows, splits, fresh / "summary.json")
    return outcomes


def check_data(prepared: Path, split_room: Path, config: Validate, source: str, docs: Path | None = None) -> list[Outcome]:
    """Check manifest and splits; write at most Great Expectations' own pages.

    Arguments and errors as in `validate_data`.
    """
    rows, splits = _read(prepared, split_room)
    alike = find_alike(rows, splits, prepared / "images", config.near_duplicate_bits)
    return run_expectations(build_tables(rows, splits, alike), promises(config, source), docs, source)


def _read(prepared: Path, split_room: Path) -> tuple[list[Row], dict[str, list[str]]]:
    return read_manifest(prepared / "manifest.csv"), {part: read_split(split_room / f"{part}.csv") for part in SPLITS}
