#!/usr/bin/env bash
# Polars' mean_horizontal of two 8-bit columns that are both 200 is 72
#
# Seen: 2026-11-29 with polars 2.1.0.
# Expected: 200.0, as mean() down a column and list.mean() give it; sum() is documented to take 64 bits for small integers, and the result is a
#   Float64 column
# Happens: the columns are added in their own type, 200 + 200 = 144 modulo 256, and the half of it is given as a float. With 16 bits the sum of
#   seventeen levels of 4000 is cut the same way. No warning
# Hurt: who keeps grey levels of zones or cameras in Parquet as they come, UInt8 or UInt16, and watches their mean: it is wrong as soon as the
#   steel is brighter than half of the range, and looks like a level
# Here: no tables are kept in Polars.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check polars==2.1.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import polars as pl

seen = {}
for kind, level, zones in ((pl.UInt8, 100, 2), (pl.UInt8, 200, 2), (pl.UInt16, 4000, 16), (pl.UInt16, 4000, 17), (pl.Int64, 4000, 17)):
    frame = pl.DataFrame({f"zone {zone}": pl.Series([level, level], dtype=kind) for zone in range(zones)})
    across, down = frame.select(mean=pl.mean_horizontal(pl.all()))["mean"], frame.mean().row(0)[0]
    as_list = frame.select(mean=pl.concat_list(pl.all()).list.mean())["mean"][0]
    seen[str(kind), level, zones] = across[0], down, as_list
    print(f"{zones} columns of {level} as {kind}: mean_horizontal {across[0]:.2f} ({across.dtype}), mean() of a column {down:.2f}, mean of the same row as a list {as_list:.2f}")
right = [values == (key[1],) * 3 for key, values in seen.items()]
sys.exit(right != [True, False, True, False, True] or seen["UInt8", 200, 2] != (72, 200, 200))
PYTHON
