#!/usr/bin/env bash
# label-studio-sdk's contour2rle gives a brush that lies elsewhere, unless the image is square
#
# Seen: 2026-11-28 with label-studio-sdk 2.1.2.
# Expected: the contour's pixels at the contour's place, as from mask2rle
# Happens: the canvas is made with its width as its height, so that rows of the code are as long as the image is high: the defect is cut and sheared
# Hurt: predictions of line-scan frames sent to Label Studio for correction: tests on square crops pass, then each mask is a pattern of stripes
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check label-studio-sdk==2.1.2 opencv-python-headless
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import cv2
import numpy as np
from label_studio_sdk.converter.brush import contour2rle, decode_rle, mask2rle

seen = {}
for width, height in ((100, 100), (160, 40)):
    mask = np.zeros((height, width), np.uint8)
    mask[10:30, 20:80] = 255
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = {}
    for name, code in (("mask2rle", mask2rle(mask)), ("contour2rle", contour2rle(contours, 0, width, height))):
        back = decode_rle(code).reshape(height, width, 4)[..., 3] > 0
        found[name] = float((back & (mask > 0)).sum() / (back | (mask > 0)).sum())
    seen[width, height] = found
    print(f"{width} x {height}: IoU with the mask " + ", ".join(f"{name} {value:.2f}" for name, value in found.items()))
sys.exit(not (seen[100, 100]["contour2rle"] == 1 and seen[160, 40]["mask2rle"] == 1 and seen[160, 40]["contour2rle"] < 0.5))
PYTHON
