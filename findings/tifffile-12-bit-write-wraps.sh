#!/usr/bin/env bash
# tifffile wraps values above 4095 when it packs to 12 bits; GDAL clips them
#
# Seen: 2026-11-27 with tifffile 2026.3.3, imagecodecs 2026.3.6, rasterio 1.4.4.
# Expected: an error or clipping
# Happens: only the low 12 bits are written: 4096 becomes 0 and 5000 becomes 904
# Hurt: frames corrected (dark frame, flat field) in 16 bits and packed again: the brightest pixels come back black, which looks like an
#   inclusion
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 tifffile==2026.3.3 imagecodecs==2026.3.6 rasterio==1.4.4
cd "$folder"
export PYTHONWARNINGS=ignore
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import rasterio
import tifffile

row = np.array([[4094, 4095, 4096, 5000]], np.uint16)
frame = np.repeat(row, 8, axis=0)
tifffile.imwrite("tifffile.tif", frame, bitspersample=12, photometric="minisblack")
with rasterio.open("gdal.tif", "w", driver="GTiff", height=8, width=4, count=1, dtype="uint16", nbits=12) as dataset:
    dataset.write(frame, 1)
seen = [tifffile.imread(file)[0].tolist() for file in ("tifffile.tif", "gdal.tif")]
print("in 16 bits:          ", row[0].tolist())
print("packed by tifffile:  ", seen[0])
print("packed by GDAL:      ", seen[1])
sys.exit(seen != [[4094, 4095, 0, 904], [4094, 4095, 4095, 4095]])
PYTHON
