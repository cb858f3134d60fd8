#!/usr/bin/env bash
# SURPRISE: One 12-bit image saved as an 8-bit file is white (OpenCV: JPEG, BMP; Pillow: WebP, GIF) or nearly black (pyvips: JPEG); only Pillow's JPEG and BMP refuse it.
# HURTS: Whoever writes previews, overlays or a training set from 12-bit frames: OpenCV returns True, Pillow says nothing.
# VERSIONS: 2026-11-27, opencv-python-headless 5.0.0.93, Pillow 12.3.0, pyvips-binary 8.18.7, numpy 2.4.6, Python 3.11
# EXPECTED: An error, or a division by 256, which is how OpenCV reads 16 bits as 8 (cv2.imread of a PNG).
# SEEN: OpenCV and Pillow clip at 255, pyvips' JPEG divides by 256. Reading and writing in OpenCV do not undo each other.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 pillow==12.3.0 pyvips==3.2.0 pyvips-binary==8.18.7 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import cv2
import numpy as np
import pyvips
from PIL import Image

frame = np.clip(np.random.default_rng(0).normal(2000, 300, (200, 300)), 0, 4095).astype(np.uint16)
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def opencv(path):
    assert cv2.imwrite(path, frame)


def pillow(path):
    Image.fromarray(frame).save(path)


def vips(path):
    pyvips.Image.new_from_array(frame).write_to_file(path)


print(f"the frame: {frame.min()}..{frame.max()}, mean {frame.mean():.0f}; a division by 16 gives a mean of {frame.mean() / 16:.0f}")
seen = {}
for name, write, path in [
    ("OpenCV", opencv, "a.jpg"),
    ("OpenCV", opencv, "a.bmp"),
    ("Pillow", pillow, "b.webp"),
    ("Pillow", pillow, "b.gif"),
    ("pyvips", vips, "c.jpg"),
    ("Pillow", pillow, "b.jpg"),
    ("Pillow", pillow, "b.bmp"),
]:
    try:
        write(path)
    except OSError as error:
        outcome = f"refused: {error}"
    else:
        outcome = round(float(np.asarray(Image.open(path).convert("L")).mean()))
    seen[path] = outcome
    print(f"{name} {path[2:]:5} mean of the file: {outcome}")
cv2.imwrite("deep.png", frame)
read = round(float(cv2.imread("deep.png", cv2.IMREAD_GRAYSCALE).mean()))
print("OpenCV, 16-bit PNG read as 8 bits: mean", read)
assert seen["a.jpg"] == seen["a.bmp"] == seen["b.webp"] == seen["b.gif"] == 255 and 5 <= seen["c.jpg"] <= 10
assert all(str(seen[path]).startswith("refused") for path in ("b.jpg", "b.bmp"))
assert 5 <= read <= 10
PY
