#!/usr/bin/env bash
# SURPRISE: The same 12-bit image is 16 times as bright in Pillow as in OpenCV when it is a PGM or a JPEG 2000, and 16 times as bright in OpenCV as in Pillow when it is a packed TIFF.
# HURTS: Whoever sets black and white levels in one program and applies them in another, or changes the file format of a camera.
# VERSIONS: 2026-11-27, Pillow 12.3.0, opencv-python-headless 5.0.0.93, imagecodecs 2026.3.6, numpy 2.4.6, Python 3.11
# EXPECTED: A library returns either the samples as stored (0..4095) or scaled to 16 bits, for each format alike.
# SEEN: The brightest sample, 4095, reads as 4095, 65520 or 65535; the default cv2.imread(path) gives None for the 12-bit TIFF.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 pillow==12.3.0 imagecodecs==2026.3.6 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import struct

import cv2
import imagecodecs
import numpy as np
from PIL import Image

ramp = np.linspace(0, 4095, 64).astype(np.uint16)[None].repeat(8, 0)
height, width = ramp.shape


def packed_tiff() -> bytes:
    """Baseline TIFF with BitsPerSample 12: two samples in three bytes, as TIFF 6.0 packs them."""
    first, second = ramp.reshape(-1, 2).astype(np.uint32).T
    samples = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], 1).astype(np.uint8).tobytes()
    short, long = 3, 4
    tags = [(256, short, width), (257, short, height), (258, short, 12), (259, short, 1), (262, short, 1)]
    tags += [(273, long, 8 + 2 + 9 * 12 + 4), (277, short, 1), (278, short, height), (279, long, len(samples))]
    entries = b"".join(struct.pack("<HHI", tag, kind, 1) + struct.pack("<I", value) for tag, kind, value in tags)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + struct.pack("<I", 0) + samples


files = {
    "ramp.tif": packed_tiff(),
    "ramp.pgm": f"P5 {width} {height} 4095\n".encode() + ramp.astype(">u2").tobytes(),
    "ramp.jp2": imagecodecs.jpeg2k_encode(ramp, level=0, bitspersample=12, reversible=True),
}
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
seen = {}
for name, content in files.items():
    with open(name, "wb") as file:
        file.write(content)
    pillow, opencv = np.asarray(Image.open(name)), cv2.imread(name, cv2.IMREAD_UNCHANGED)
    seen[name] = (int(pillow.max()), int(opencv.max()))
    print(f"{name}: 4095 is {pillow.max():5} ({pillow.dtype}) in Pillow and {opencv.max():5} ({opencv.dtype}) in OpenCV")
colour = cv2.imread("ramp.tif")
print("cv2.imread('ramp.tif') without flags:", colour)
assert seen == {"ramp.tif": (4095, 65520), "ramp.pgm": (65535, 4095), "ramp.jp2": (65520, 4095)}
assert colour is None
PY
