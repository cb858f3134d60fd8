#!/usr/bin/env bash
# OpenCV reads no TIFF whose orientation is 5 to 8, unless it is square
#
# Seen: 2026-11-27 with opencv-python-headless 4.14.0.94, tifffile 2026.3.3.
# Expected: the image turned, or as stored with IMREAD_UNCHANGED or IMREAD_IGNORE_ORIENTATION
# Happens: imread returns None with each of these flags ("Internal imread issue" in the log); a square file of the same tag is read
# Hurt: tests on square crops pass, then every full frame of a line-scan camera mounted sideways is None
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

flags = {
    "COLOR": cv2.IMREAD_COLOR,
    "GRAYSCALE": cv2.IMREAD_GRAYSCALE,
    "UNCHANGED": cv2.IMREAD_UNCHANGED,
    "IGNORE_ORIENTATION": cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION,
}
holds = True
for height, width in ((32, 32), (20, 40)):
    for orientation in (3, 6):
        tifffile.imwrite("image.tif", np.zeros((height, width), np.uint16), photometric="minisblack", extratags=[(274, 3, 1, orientation, True)])
        read = {name: cv2.imread("image.tif", flag) is not None for name, flag in flags.items()}
        print(f"{height}x{width}, orientation {orientation}: read?", read)
        holds &= set(read.values()) == {height == width or orientation == 3}
sys.exit(not holds)
PYTHON
