#!/usr/bin/env bash
# OpenCV's blur lets one wild pixel change everything below it and to its right, far beyond the kernel
#
# Seen: 2026-11-29 with opencv-python-headless 5.0.0.93, numpy 2.4.6.
# Expected: a change in the 15 x 15 pixels whose kernel holds the wild one, as with GaussianBlur; the documentation gives the kernel
#   by which each neighbourhood is weighted
# Happens: sums are kept along rows and columns, and what came in is subtracted again. One NaN or infinite pixel makes NaN of all that lies below and
#   to the right; after a finite one of 1e30 a frame of 1000 has 933 to the right and 67 below. A kernel of 5 x 5 spreads downwards only
# Hurt: who subtracts a local mean or normalises by it (shading, local contrast) after a flat-field division by nearly nothing at a dead pixel: with
#   NaN most of the frame cannot hold a defect any more, and with a finite value no check sees it
# Here: nothing is smoothed with a box filter.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np

filters = {
    "blur": lambda frame: cv2.blur(frame, (15, 15)),
    "blur 5 x 5": lambda frame: cv2.blur(frame, (5, 5)),
    "GaussianBlur": lambda frame: cv2.GaussianBlur(frame, (15, 15), 0),
}
seen = {}
for wild in (np.nan, np.inf, 1e30):
    frame = np.full((64, 64), 1000, np.float32)
    frame[20, 20] = wild
    for name, smooth in filters.items():
        smoothed = smooth(frame)
        far = ~(np.abs(smoothed - 1000) < 1)
        far[12:29, 12:29] = False
        seen[wild, name] = int(far.sum())
        print(f"one pixel of {wild:g}, {name}: {seen[wild, name]} of 4096 pixels changed outside of the kernel;"
              f" right of it {smoothed[20, 40]:.1f}, below {smoothed[40, 20]:.1f}, at the lower right {smoothed[50, 50]:.1f}")
spreads = all(seen[wild, "blur"] > 500 and seen[wild, "blur 5 x 5"] > 100 for wild in (np.nan, np.inf, 1e30))
sys.exit(not (spreads and all(seen[wild, "GaussianBlur"] == 0 for wild in (np.nan, np.inf, 1e30))))
PYTHON
