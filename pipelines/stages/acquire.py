"""Stage acquire: the dataset's files as published, into data/raw."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.exit_codes import run_stage
from tsernet.config import load_params
from tsernet.data.sources import acquire

RAW = Path("data/raw")


def main(_arguments: Sequence[str]) -> None:
    """Read the params and bring the source's files in."""
    dataset = load_params().dataset
    print(f"{acquire(dataset, RAW)} files from {dataset.source} in {RAW}")


if __name__ == "__main__":
    run_stage(main)
