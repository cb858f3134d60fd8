#!/usr/bin/env bash
# scikit-image reads a TIFF of three grey frames as one colour image
#
# Seen: 2026-11-27 with scikit-image 0.25.2, tifffile 2026.3.3.
# Expected: (frames, height, width) for any number of frames, as tifffile gives
# Happens: 2 frames are (2, H, W) and 5 are (5, H, W), but 3 and 4 frames are (H, W, 3) and (H, W, 4): the last axis is taken for colour
# Hurt: who keeps a burst of line-scan frames in one file: with three frames, a defect in one of them becomes a coloured spot in a single
#   image
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 scikit-image==0.25.2 tifffile==2026.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import skimage.io
import tifffile

shapes = {}
for frames in (2, 3, 4, 5):
    tifffile.imwrite("burst.tif", np.zeros((frames, 40, 60), np.uint16), photometric="minisblack")
    shapes[frames] = skimage.io.imread("burst.tif").shape
    print(f"{frames} frames of 40x60: tifffile {tifffile.imread('burst.tif').shape}, scikit-image {shapes[frames]}")
sys.exit(shapes != {2: (2, 40, 60), 3: (40, 60, 3), 4: (40, 60, 4), 5: (5, 40, 60)})
PYTHON
