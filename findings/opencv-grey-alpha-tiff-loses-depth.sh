#!/usr/bin/env bash
# OpenCV reads a 16-bit grey TIFF as 8 bits, even with IMREAD_UNCHANGED, if it has an alpha channel
#
# Seen: 2026-11-27 with opencv-python-headless 4.14.0.94, tifffile 2026.3.3.
# Expected: uint16 with two channels or one
# Happens: uint8 with one channel: the pixels divided by 256, the alpha dropped. 12-bit values become 0 to 15
# Hurt: who keeps the strip's outline as alpha (a valid mask) of the frame: 4096 grey levels become 16
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 opencv-python-headless==4.14.0.94 tifffile==2026.3.3
cd "$folder"
export OPENCV_LOG_LEVEL=SILENT
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import tifffile

grey = np.arange(4096, dtype=np.uint16).reshape(64, 64)
tifffile.imwrite("grey.tif", grey, photometric="minisblack")
tifffile.imwrite("alpha.tif", np.dstack([grey, np.full_like(grey, 65535)]), photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"])
seen = []
for file in ("grey.tif", "alpha.tif"):
    image = cv2.imread(file, cv2.IMREAD_UNCHANGED)
    seen.append((str(image.dtype), image.shape, int(image.max())))
    print(file, "IMREAD_UNCHANGED:", *seen[-1])
sys.exit(seen != [("uint16", (64, 64), 4095), ("uint8", (64, 64), 15)])
PYTHON
