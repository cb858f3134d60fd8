"""Expectations that data must keep, checked by Great Expectations before any training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.validation.docs import finish_docs
from pipelines.validation.expectations import list_expectations
from pipelines.validation.near_duplicates import find_near_duplicates
from pipelines.validation.pixels import clipped_shares, find_lost
from pipelines.validation.runner import Outcome, run_expectations
from pipelines.validation.summary import failed, write_summary
from pipelines.validation.tables import Measured, build_tables
from tsernet.config import Validate
from tsernet.data import SPLITS
from tsernet.data.atomic import replacing
from tsernet.data.levels import read_levels
from tsernet.data.prepare import Row, read_manifest
from tsernet.data.samples import read_split

__all__ = ["Outcome", "check_data", "failed", "validate_data"]


def validate_data(
    prepared: Path,
    split_room: Path,
    config: Validate,
    source: str,
    target: Path,
    *,
    one_depth: bool = True,
    scale: int | None = None,
    window: int = 0,
) -> Sequence[Outcome]:
    """Check manifest and splits; write summary.json and the Data Docs, whether the data are good or not.

    Args:
        prepared: What the stage prepare wrote.
        split_room: What the stage split wrote.
        config: The section `validate` of params.yaml.
        source: `dataset.source`.
        target: The folder to make or replace.
        one_depth: Whether all images must have one number of bits (`dataset.depths: one`).
        scale: Side to which training resizes (`train.augment.resize`); None leaves out which defects are lost there.
        window: Side of the windows that are resized so (`train.window`); 0 where whole images are.
    Returns:
        One outcome for each expectation.
    Raises:
        UserError: If manifest or splits cannot be read or the disk is full.
    """
    rows, splits = _read(prepared, split_room)
    with replacing(target) as fresh:
        outcomes = check_data(prepared, split_room, config, source, fresh / "data_docs", one_depth=one_depth, scale=scale, window=window)
        finish_docs(fresh / "data_docs", outcomes, rows, prepared, config.thumbnails, read_levels(split_room))
        write_summary(outcomes, rows, splits, fresh / "summary.json")
    return outcomes


def check_data(
    prepared: Path,
    split_room: Path,
    config: Validate,
    source: str,
    docs: Path | None = None,
    *,
    one_depth: bool = True,
    scale: int | None = None,
    window: int = 0,
) -> list[Outcome]:
    """Check manifest and splits; write at most Great Expectations' own pages.

    Arguments and errors as in `validate_data`.
    """
    rows, splits = _read(prepared, split_room)
    levels = read_levels(split_room)
    measured = Measured(
        alike=find_near_duplicates(rows, splits, prepared / "images", config.near_duplicate_bits),
        clipped=clipped_shares(rows, prepared / "images", levels),
        lost={} if scale is None else find_lost(rows, prepared / "masks", scale, window),
        max_lost=config.max_lost,
        inverted_above=config.inverted_above,
        one_depth=one_depth,
        levels=levels,
    )
    return run_expectations(build_tables(rows, splits, measured), list_expectations(config, source), docs, source)


def _read(prepared: Path, split_room: Path) -> tuple[list[Row], dict[str, list[str]]]:
    return read_manifest(prepared / "manifest.csv"), {part: read_split(split_room / f"{part}.csv") for part in SPLITS}
