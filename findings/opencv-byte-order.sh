#!/usr/bin/env bash
# SURPRISE: OpenCV ignores the byte order of a NumPy array: what np.asarray() gives for a big-endian TIFF opened by Pillow (dtype >u2) goes through cv2.resize() and cv2.imwrite() with its bytes swapped, without an error.
# HURTS: Whoever hands arrays from Pillow, FITS files, raw PGM bytes or network buffers to OpenCV.
# VERSIONS: 2026-11-27, opencv-python-headless 5.0.0.93 (4.14.0.94 alike), Pillow 12.3.0, tifffile 2026.3.3, numpy 2.4.6, Python 3.11
# EXPECTED: OpenCV copies the array to native order, or raises as torch.from_numpy() does.
# SEEN: A flat 1000 (0x03E8) becomes 59395 (0xE803) in the mean, in the resized image and in the written PNG.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 pillow==12.3.0 tifffile==2026.3.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import cv2
import numpy as np
import tifffile
from PIL import Image

tifffile.imwrite("flat.tif", np.full((8, 8), 1000, np.uint16), byteorder=">")
with Image.open("flat.tif") as image:
    array = np.asarray(image)
print("Pillow gives dtype", array.dtype.str, "with the value", array[0, 0])
assert array.dtype.str == ">u2" and (array == 1000).all()
cv2.imwrite("copy.png", array)
seen = {
    "cv2.mean": int(cv2.mean(array)[0]),
    "cv2.resize": int(cv2.resize(array, (4, 4))[0, 0]),
    "cv2.imwrite, read back": int(np.asarray(Image.open("copy.png"))[0, 0]),
    "after .astype(np.uint16)": int(cv2.mean(array.astype(np.uint16))[0]),
}
for name, value in seen.items():
    print(f"{name:26} {value}")
assert list(seen.values()) == [59395, 59395, 59395, 1000]
PY
