#!/usr/bin/env bash
# fitEllipse of a thin defect's contour: a line of 100 pixels is 252 long, or 1
#
# Seen: 2026-11-27 with opencv-python-headless 4.14.0.94 (5.0.0.93 does the same).
# Expected: for a bar 100 pixels long axes of about 100 and its width (minAreaRect) or 115 and its width (moments)
# Happens: the fit is algebraic and takes no notice of length: a bar 4 wide is 252 long, one 2 wide is 1 long, a slanted line 1 wide is 0.4
#   long
# Hurt: length, aspect ratio and angle of scratches, the thinnest class, taken from fitEllipse as many tutorials do; round inclusions look
#   right
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 opencv-python-headless==4.14.0.94
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np

seen = {}
for width in (1, 2, 4, 30):
    mask = np.zeros((80, 140), np.uint8)
    if width == 1:
        cv2.line(mask, (20, 20), (110, 65), 1, 1)
    else:
        mask[30 : 30 + width, 20:120] = 1
    contour = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0][0]
    seen[width] = max(cv2.fitEllipse(contour)[1])
    print(f"{'slanted line' if width == 1 else 'bar'}, 100 long, {width} wide: fitEllipse {seen[width]:.1f}, minAreaRect {max(cv2.minAreaRect(contour)[1]):.1f}")
sys.exit(not (seen[1] < 5 and seen[2] < 5 and seen[4] > 200 and 100 < seen[30] < 150))
PYTHON
