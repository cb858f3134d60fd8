"""Stage prepare: samples of one form and the manifest, into data/prepared."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.exit_codes import run_stage
from tsernet.config import load_params
from tsernet.data.prepare import describe_faults, describe_lone_samples, prepare

RAW, PREPARED = Path("data/raw"), Path("data/prepared")


def main(_: Sequence[str]) -> None:
    """Read the params and prepare every sample."""
    params = load_params()
    dataset = params.dataset
    rows = prepare(
        RAW,
        PREPARED,
        params.prepare.edge_width,
        params.validate_.max_pixels,
        masks=dataset.masks.rule(),
        has_levels=dataset.levels != "none",
        subfolders=dataset.subfolders,
        exclude=dataset.exclude,
    )
    usable = sum(row.usable for row in rows)
    print(f"{usable} samples in {PREPARED}" if usable == len(rows) else f"{usable} of {len(rows)} samples in {PREPARED}")
    if faults := describe_faults(rows):
        print(f"warning: {faults}; manifest.csv has every reason", file=sys.stderr)
    if lone := describe_lone_samples(rows):
        print(f"warning: {lone}", file=sys.stderr)


if __name__ == "__main__":
    run_stage(main)
