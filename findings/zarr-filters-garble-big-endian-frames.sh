#!/usr/bin/env bash
# Zarr's Delta and FixedScaleOffset give other numbers for a big-endian frame: 3000, 3001, 3002 come back as 47115, 47371, 47627
#
# Seen: 2026-11-30 with zarr 3.1.6, numcodecs 0.16.6, numpy 2.2.6.
# Expected: the values, as without a filter, with the array format 2, and for little-endian frames
# Happens: in an array of format 3, the default, whose dtype is >u2, the filter's numbers are taken for the other byte order between writing and
#   reading: also before the file is closed, and without a word. A filter to a type of one byte is right
# Hurt: who archives 12-bit frames from 16-bit PGM, FITS, Motorola TIFF or network buffers with the filter that makes grey frames small: every
#   value comes back wrong, spread over all 16 bits
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check zarr==3.1.6 numcodecs==0.16.6 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import numcodecs
import numpy as np
import zarr
from zarr.codecs import numcodecs as filters

seen = {}
for kind in ("<u2", ">u2"):
    frame = np.arange(3000, 4200, dtype=kind).reshape(20, 60)
    ways = {
        "no filter": (3, []),
        "Delta": (3, [filters.Delta(dtype=kind)]),
        "FixedScaleOffset": (3, [filters.FixedScaleOffset(offset=1000, scale=1, dtype=kind, astype=kind)]),
        "Delta, format 2": (2, [numcodecs.Delta(dtype=kind)]),
    }
    for number, (name, (form, chain)) in enumerate(ways.items()):
        path = f"{kind[1:]}{kind[0] == '>'}{number}.zarr"
        array = zarr.create_array(path, shape=frame.shape, chunks=(10, 60), dtype=kind, zarr_format=form, filters=chain)
        array[:] = frame
        back = zarr.open_array(path, mode="r")[:]
        seen[kind, name] = np.array_equal(back, frame)
        print(f"{kind}, {name}: written {frame[0, :3].tolist()}, read {back[0, :3].tolist()}: {(back != frame).mean():.0%} of the pixels wrong")
wrong = {(">u2", "Delta"), (">u2", "FixedScaleOffset")}
sys.exit(any(right == (case in wrong) for case, right in seen.items()))
PYTHON
