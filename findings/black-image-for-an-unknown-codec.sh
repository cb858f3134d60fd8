#!/usr/bin/env bash
# libvips, and OpenCV asked for colour, read a TIFF whose codec they lack as a black image
#
# Seen: 2026-11-27 with pyvips 3.2.0 (libvips 8.18.7), opencv-python-headless 4.14.0.94, tifffile 2026.3.3, imagecodecs 2026.3.6.
# Expected: an error, or None from OpenCV
# Happens: a TIFF with JPEG 2000 inside comes as an image of the right size and all zeros; only the log names the codec. OpenCV's
#   IMREAD_UNCHANGED gives None
# Hurt: a black frame is a clean frame to a detector, so a camera that begins to compress makes a spotless coil; in training it is a
#   background sample
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 opencv-python-headless==4.14.0.94 pyvips==3.2.0 pyvips-binary==8.18.7 tifffile==2026.3.3 imagecodecs==2026.3.6
cd "$folder"
export OPENCV_LOG_LEVEL=SILENT
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import pyvips
import tifffile

stored = (np.arange(4096, dtype=np.uint16) + 1000).reshape(64, 64)
tifffile.imwrite("frame.tif", stored, photometric="minisblack", compression="jpeg2000")
print("tifffile: brightest", tifffile.imread("frame.tif").max())
vips = pyvips.Image.new_from_file("frame.tif").numpy()
colour = cv2.imread("frame.tif", cv2.IMREAD_COLOR)
unchanged = cv2.imread("frame.tif", cv2.IMREAD_UNCHANGED)
print("libvips:", vips.shape, "brightest", vips.max())
print("OpenCV IMREAD_COLOR:", colour.shape, "brightest", colour.max())
print("OpenCV IMREAD_UNCHANGED:", unchanged)
sys.exit(not (vips.max() == 0 and colour.max() == 0 and unchanged is None))
PYTHON
