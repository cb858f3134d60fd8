#!/usr/bin/env bash
# rasterio writes a 12-bit JPEG in TIFF as a black image, without an exception
#
# Seen: 2026-11-27 with rasterio 1.4.4 (wheel), tifffile 2026.3.3, imagecodecs 2026.3.6.
# Expected: a lossy copy (GDAL names NBITS=12 with COMPRESS=JPEG), or an error as for 16 bits
# Happens: write and close succeed, and rasterio and tifffile both read zeros
# Hurt: an archive of 12-bit frames with lossy compression: all of it is black, and black frames count as clean
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

frame = np.linspace(1000, 4095, 64 * 64).astype(np.uint16).reshape(64, 64)
seen = {}
for codec in ("deflate", "jpeg"):
    with rasterio.open("frame.tif", "w", driver="GTiff", height=64, width=64, count=1, dtype="uint16", nbits=12, compress=codec) as dataset:
        dataset.write(frame, 1)
    with rasterio.open("frame.tif") as dataset:
        images = dataset.read(1), tifffile.imread("frame.tif")
    seen[codec] = [(int(image.min()), int(image.max())) for image in images]
    print(f"1000 to 4095 written with {codec}: rasterio reads {seen[codec][0]}, tifffile {seen[codec][1]}")
sys.exit(seen != {"deflate": [(1000, 4095)] * 2, "jpeg": [(0, 0)] * 2})
PYTHON
