"""Stage split: which samples train, which choose, which judge, into data/splits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.exits import run_stage
from tsernet.config import load_params
from tsernet.data.prepare import read_manifest
from tsernet.data.splits import make_splits, write_splits

MANIFEST, SPLITS = Path("data/prepared/manifest.csv"), Path("data/splits")


def main(_: Sequence[str]) -> None:
    """Read manifest and params and write the three lists."""
    params = load_params()
    rows = read_manifest(MANIFEST)
    parts = make_splits(rows, params.split, params.dataset.source)
    write_splits(parts, rows, SPLITS)
    print(", ".join(f"{part} {len(names)}" for part, names in parts.items()) + f" ({params.split.method})")


if __name__ == "__main__":
    run_stage(main)
