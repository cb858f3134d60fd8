#!/usr/bin/env bash
# regionprops gives a line one pixel wide half the perimeter of a line two pixels wide
#
# Seen: 2026-11-27 with scikit-image 0.25.2, opencv-python-headless 4.14.0.94.
# Expected: both about twice their length, as OpenCV's arcLength says
# Happens: perimeter counts the border pixels' steps once: 98 for 1 x 100 and 200 for 2 x 100; perimeter_crofton gives 190 and 192
# Hurt: compactness (4 pi area / perimeter squared) of hairline scratches is twice that of slightly wider ones, so a rule or classifier on
#   it splits the class by one pixel of width
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 scikit-image==0.25.2 opencv-python-headless==4.14.0.94
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import math
import sys

import cv2
import numpy as np
from skimage.measure import regionprops

seen = {}
for width in (1, 2):
    mask = np.zeros((50, 140), np.uint8)
    mask[20 : 20 + width, 20:120] = 1
    region = regionprops(mask)[0]
    contour = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][0]
    seen[width] = float(region.perimeter)
    compactness = 4 * math.pi * region.area / region.perimeter**2
    print(f"{width} x 100: perimeter {region.perimeter:.0f}, perimeter_crofton {region.perimeter_crofton:.0f}, "
          f"arcLength {cv2.arcLength(contour, True):.0f}; compactness {compactness:.3f}")
sys.exit(seen != {1: 98.0, 2: 200.0})
PYTHON
