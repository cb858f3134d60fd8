#!/usr/bin/env bash
# Whether a TIFF of WhiteIsZero comes out as a negative depends on library, depth and flag
#
# Seen: 2026-11-27 with Pillow 12.3.0, opencv-python-headless 4.14.0.94, pyvips 3.2.0 (libvips 8.18.7), tifffile 2026.3.3, scikit-image
#   0.25.2.
# Expected: each library either inverts such files or gives what is stored, at every depth
# Happens: Pillow and OpenCV invert 8 bits and not 16; OpenCV inverts the same 16-bit file if asked for IMREAD_COLOR; libvips inverts both,
#   tifffile and scikit-image neither
# Hurt: a plant that moves from 8-bit to 16-bit frames: dark scratches become bright ones with the code unchanged
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 opencv-python-headless==4.14.0.94 pillow==12.3.0 pyvips==3.2.0 pyvips-binary==8.18.7 scikit-image==0.25.2 tifffile==2026.3.3
cd "$folder"
export OPENCV_LOG_LEVEL=SILENT
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
import pyvips
import skimage.io
import tifffile
from PIL import Image

readers = {
    "Pillow": lambda f: np.asarray(Image.open(f)),
    "OpenCV IMREAD_UNCHANGED": lambda f: cv2.imread(f, cv2.IMREAD_UNCHANGED),
    "OpenCV IMREAD_COLOR": lambda f: cv2.imread(f, cv2.IMREAD_COLOR),
    "libvips": lambda f: pyvips.Image.new_from_file(f).numpy(),
    "tifffile": tifffile.imread,
    "scikit-image": skimage.io.imread,
}
expected = {"Pillow": "yes no", "OpenCV IMREAD_UNCHANGED": "yes no", "OpenCV IMREAD_COLOR": "yes yes", "libvips": "yes yes",
            "tifffile": "no no", "scikit-image": "no no"}
for dtype in (np.uint8, np.uint16):
    ramp = np.linspace(0, np.iinfo(dtype).max, 64 * 64).astype(dtype).reshape(64, 64)  # stored: rises from the first pixel to the last
    tifffile.imwrite(f"{dtype.__name__}.tif", ramp, photometric="miniswhite")
seen = {}
for name, read in readers.items():
    images = [read("uint8.tif"), read("uint16.tif")]
    seen[name] = " ".join("yes" if image[0, 0].max() > image[-1, -1].max() else "no" for image in images)
    print(f"{name}: inverted at 8 and 16 bits? {seen[name]}")
sys.exit(seen != expected)
PYTHON
