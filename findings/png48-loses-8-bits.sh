#!/usr/bin/env bash
# SURPRISE: scikit-image and imageio read 16-bit colour as uint16 from TIFF but as uint8 from PNG, and 16-bit grey as uint16 from PNG unless it has an alpha channel; of a 12-bit camera 16 levels are left.
# HURTS: Whoever stores camera images in lossless 48-bit PNG, or exports grey PNG with an alpha channel: it reads back nearly black and cannot be told from an underexposed image.
# VERSIONS: 2026-11-27, scikit-image 0.26.0, imageio 2.38.1, Pillow 12.3.0, opencv-python-headless 5.0.0.93, imagecodecs 2026.3.6, tifffile 2026.3.3, numpy 2.4.6, Python 3.11
# EXPECTED: uint16 from each of these files, as OpenCV's IMREAD_UNCHANGED gives, or at least a warning.
# SEEN: Pillow has no mode for 16-bit colour and takes the upper bytes; imageio and scikit-image read PNG through Pillow. No warning.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 scikit-image==0.26.0 imageio==2.38.1 pillow==12.3.0 imagecodecs==2026.3.6 tifffile==2026.3.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import warnings

import cv2
import imagecodecs
import imageio.v3
import numpy as np
import skimage.io
import tifffile

warnings.simplefilter("error")
grey = np.linspace(0, 4095, 4096).astype(np.uint16).reshape(64, 64)
colour = np.dstack([grey] * 3)
tifffile.imwrite("colour.tif", colour, photometric="rgb")
for name, pixels in {"colour.png": colour, "grey.png": grey, "grey_alpha.png": np.dstack([grey, np.full_like(grey, 65535)])}.items():
    with open(name, "wb") as file:
        file.write(imagecodecs.png_encode(pixels))
seen = {}
for name in ("colour.tif", "colour.png", "grey.png", "grey_alpha.png"):
    levels = {}
    readers = {"scikit-image": skimage.io.imread, "imageio": imageio.v3.imread, "OpenCV": lambda path: cv2.imread(path, cv2.IMREAD_UNCHANGED)}
    for reader, read in readers.items():
        pixels = read(name)
        levels[reader] = len(np.unique(pixels[..., 0] if pixels.ndim == 3 else pixels))
    seen[name] = tuple(levels.values())
    print(f"{name:15} levels of 4096 that are left: {levels}")
assert seen == {"colour.tif": (4096,) * 3, "colour.png": (16, 16, 4096), "grey.png": (4096,) * 3, "grey_alpha.png": (16, 16, 4096)}, seen
PY
