#!/usr/bin/env bash
# SURPRISE: A WhiteIsZero TIFF is inverted at 8 bits and not at 16 by Pillow and by OpenCV's IMREAD_UNCHANGED; OpenCV's IMREAD_GRAYSCALE inverts the same 16-bit file, pyvips inverts both, tifffile and scikit-image neither.
# HURTS: Whoever has X-ray, scanner or film images: defects are dark in one program and bright in another, depending on the depth.
# VERSIONS: 2026-11-27, Pillow 12.3.0, opencv-python-headless 5.0.0.93, scikit-image 0.26.0, tifffile 2026.3.3, pyvips-binary 8.18.7, numpy 2.4.6, Python 3.11
# EXPECTED: A library either inverts WhiteIsZero or does not, at all depths and with all flags.
# SEEN: The table below; the file's first sample is 0, which means white.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 scikit-image==0.26.0 pillow==12.3.0 tifffile==2026.3.3 pyvips==3.2.0 pyvips-binary==8.18.7 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import cv2
import numpy as np
import pyvips
import skimage.io
import tifffile
from PIL import Image

for bits, kind in ((8, np.uint8), (16, np.uint16)):
    ramp = np.linspace(0, 2**bits - 1, 64).astype(kind)[None].repeat(8, 0)
    tifffile.imwrite(f"w{bits}.tif", ramp, photometric="miniswhite")
readers = {
    "Pillow": lambda path: np.asarray(Image.open(path)),
    "OpenCV IMREAD_UNCHANGED": lambda path: cv2.imread(path, cv2.IMREAD_UNCHANGED),
    "OpenCV IMREAD_GRAYSCALE": lambda path: cv2.imread(path, cv2.IMREAD_GRAYSCALE),
    "tifffile": tifffile.imread,
    "scikit-image": skimage.io.imread,
    "pyvips": lambda path: pyvips.Image.new_from_file(path).numpy(),
}
table = {}
for reader, read in readers.items():
    table[reader] = ["inverted" if read(f"w{bits}.tif")[0, 0] > 0 else "as stored" for bits in (8, 16)]
    print(f"{reader:24} 8 bits: {table[reader][0]:10} 16 bits: {table[reader][1]}")
assert table == {
    "Pillow": ["inverted", "as stored"],
    "OpenCV IMREAD_UNCHANGED": ["inverted", "as stored"],
    "OpenCV IMREAD_GRAYSCALE": ["inverted", "inverted"],
    "tifffile": ["as stored", "as stored"],
    "scikit-image": ["as stored", "as stored"],
    "pyvips": ["inverted", "inverted"],
}
PY
