#!/usr/bin/env bash
# OpenCV shifts a packed 12-bit TIFF to 16 bits; Pillow, tifffile and rasterio keep 0 to 4095
#
# Seen: 2026-11-27 with opencv-python-headless 4.14.0.94, Pillow 12.3.0, rasterio 1.4.4, tifffile 2026.3.3.
# Expected: uint16 of 0 to 4095 from every library, as from 12 bits stored in 16
# Happens: OpenCV multiplies by 16 (0 to 65520) with IMREAD_UNCHANGED and IMREAD_ANYDEPTH, and gives None with IMREAD_COLOR
# Hurt: thresholds and normalisation fixed on 0 to 4095; a cutter built on OpenCV and a trainer built on tifffile differ 16 times in
#   brightness
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 opencv-python-headless==4.14.0.94 pillow==12.3.0 rasterio==1.4.4 tifffile==2026.3.3 imagecodecs==2026.3.6
cd "$folder"
export OPENCV_LOG_LEVEL=SILENT PYTHONWARNINGS=ignore
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import rasterio
import tifffile
from PIL import Image

tifffile.imwrite("packed.tif", np.arange(4096, dtype=np.uint16).reshape(64, 64), bitspersample=12, photometric="minisblack")
with rasterio.open("packed.tif") as dataset:
    greatest = {
        "tifffile": tifffile.imread("packed.tif").max(),
        "Pillow": np.asarray(Image.open("packed.tif")).max(),
        "rasterio": dataset.read().max(),
        "OpenCV IMREAD_UNCHANGED": cv2.imread("packed.tif", cv2.IMREAD_UNCHANGED).max(),
        "OpenCV IMREAD_ANYDEPTH": cv2.imread("packed.tif", cv2.IMREAD_ANYDEPTH).max(),
    }
colour = cv2.imread("packed.tif", cv2.IMREAD_COLOR)
for name, value in greatest.items():
    print(f"{name}: the brightest pixel, stored as 4095, is {value}")
print("OpenCV IMREAD_COLOR:", colour)
sys.exit([int(v) for v in greatest.values()] != [4095, 4095, 4095, 65520, 65520] or colour is not None)
PYTHON
