#!/usr/bin/env bash
# SURPRISE: Whether an image is turned upright depends on library, format and flag: Pillow turns TIFF by itself but neither JPEG nor PNG, OpenCV turns JPEG and PNG except with IMREAD_UNCHANGED and gives None for the TIFF, scikit-image turns none.
# HURTS: Whoever reads images with one flag or library and their masks with another: both load, one of them lies sideways.
# VERSIONS: 2026-11-27, Pillow 12.3.0, opencv-python-headless 5.0.0.93 (4.14.0.94 alike), scikit-image 0.26.0, tifffile 2026.3.3, numpy 2.4.6, Python 3.11
# EXPECTED: One library does the same for each format; cv2.imread(path) and cv2.imread(path, cv2.IMREAD_UNCHANGED) differ in depth and channels only.
# SEEN: The table below, for a 60 x 40 image with orientation 6 (stored: 40 rows, upright: 60 rows).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 scikit-image==0.26.0 pillow==12.3.0 tifffile==2026.3.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import cv2
import numpy as np
import skimage.io
import tifffile
from PIL import Image

colour = np.dstack([(np.arange(40 * 60).reshape(40, 60) % 251).astype(np.uint8)] * 3)
for name in ("image.jpg", "image.png"):
    exif = Image.Exif()
    exif[274] = 6
    Image.fromarray(colour).save(name, exif=exif)
tifffile.imwrite("image.tif", colour, photometric="rgb", extratags=[(274, 3, 1, 6, True)])
readers = {
    "Pillow": lambda path: np.asarray(Image.open(path)),
    "OpenCV IMREAD_COLOR": lambda path: cv2.imread(path, cv2.IMREAD_COLOR),
    "OpenCV IMREAD_UNCHANGED": lambda path: cv2.imread(path, cv2.IMREAD_UNCHANGED),
    "scikit-image": skimage.io.imread,
}
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
table = {}
for reader, read in readers.items():
    row = []
    for path in ("image.jpg", "image.png", "image.tif"):
        pixels = read(path)
        row.append("None" if pixels is None else {40: "as stored", 60: "turned"}[pixels.shape[0]])
    table[reader] = row
    print(f"{reader:24}", dict(zip(("JPEG", "PNG", "TIFF"), row)))
assert table == {
    "Pillow": ["as stored", "as stored", "turned"],
    "OpenCV IMREAD_COLOR": ["turned", "turned", "None"],
    "OpenCV IMREAD_UNCHANGED": ["as stored", "as stored", "None"],
    "scikit-image": ["as stored"] * 3,
}
PY
