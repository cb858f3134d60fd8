#!/usr/bin/env bash
# OpenCV turns a TIFF by its orientation tag even with IMREAD_UNCHANGED and IMREAD_IGNORE_ORIENTATION
#
# Seen: 2026-11-27 with opencv-python-headless 4.14.0.94, Pillow 12.3.0, tifffile 2026.3.3.
# Expected: as with PNG and JPEG, where both flags give the pixels as stored
# Happens: the flags hold for a PNG; a TIFF of the same pixels and tag is turned whatever the flag
# Hurt: who reads images with IMREAD_UNCHANGED and masks (PNG, drawn on the stored pixels) alike: TIFF image and PNG mask are turned against
#   each other
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 opencv-python-headless==4.14.0.94 pillow==12.3.0 tifffile==2026.3.3
cd "$folder"
export OPENCV_LOG_LEVEL=SILENT
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import tifffile
from PIL import Image

stored = np.zeros((20, 40), np.uint8)
stored[:5, :5] = 255  # the mark is top left in what is stored, bottom right when turned by orientation 3
tifffile.imwrite("image.tif", stored, photometric="minisblack", extratags=[(274, 3, 1, 3, True)])
exif = Image.Exif()
exif[274] = 3
Image.fromarray(stored).save("image.png", exif=exif)
seen = {}
for file in ("image.png", "image.tif"):
    for name, flag in (("UNCHANGED", cv2.IMREAD_UNCHANGED), ("IGNORE_ORIENTATION", cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION)):
        image = cv2.imread(file, flag)
        seen[file, name] = "turned" if image[-1, -1] == 255 else "as stored"
        print(file, f"IMREAD_{name}:", seen[file, name])
sys.exit([*seen.values()] != ["as stored"] * 2 + ["turned"] * 2)
PYTHON
