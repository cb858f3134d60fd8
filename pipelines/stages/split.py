"""Stage split: which samples train, which choose, which judge, into data/splits."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.exit_codes import run_stage
from tsernet.config import load_params
from tsernet.data.inherited import find_kept
from tsernet.data.levels import choose_levels
from tsernet.data.prepare import describe_faults, read_manifest
from tsernet.data.splits import make_splits, write_splits

MANIFEST, IMAGES, SPLITS = Path("data/prepared/manifest.csv"), Path("data/prepared/images"), Path("data/splits")


def main(_: Sequence[str]) -> None:
    """Read manifest and params and write the three lists, and the levels of a set of more than 8 bits."""
    params = load_params()
    rows = read_manifest(MANIFEST)
    kept = find_kept(params.split.keep)
    if gone := sorted(kept.keys() - {row.name for row in rows if row.usable}):
        # The champion cannot be measured by them any more, nor what follows it against the champion.
        named = f"{', '.join(gone[:5])}{' …' if len(gone) > 5 else ''}"
        print(f"warning: {len(gone)} images of the champion's split are not here any more, or unusable: {named}", file=sys.stderr)
    parts = make_splits(rows, params.split, params.dataset.source, kept)
    parts = {part: [name for name in names if name not in params.dataset.exclude] for part, names in parts.items()}
    levels = choose_levels(params.dataset, rows, parts["train"], IMAGES)
    write_splits(parts, rows, SPLITS, levels)
    if levels is not None:
        print(f"levels: {levels.black} becomes black, {levels.white} white (dataset.levels)")
    # Validation stops at an empty list, and its page says why: it must come that far.
    if not any(row.usable for row in rows):
        print("warning: no sample is usable, and every list is empty; 'validate' names the reason and stops", file=sys.stderr)
    else:
        for part in (part for part in ("train", "test") if not parts[part]):
            print(f"warning: no sample is left for {part}; {describe_faults(rows) or f'of {len(rows)} samples'}", file=sys.stderr)
    print(
        ", ".join(f"{part} {len(names)}" for part, names in parts.items())
        + f" ({params.split.method}{f', {len(kept)} as for the champion' if kept else ''})"
    )


if __name__ == "__main__":
    run_stage(main)
