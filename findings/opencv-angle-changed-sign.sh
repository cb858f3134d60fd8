#!/usr/bin/env bash
# minAreaRect's angle of a horizontal defect is +90 with OpenCV 4.10 and -90 with 4.14
#
# Seen: 2026-11-27 with opencv-python-headless 4.10.0.84 and 4.14.0.94.
# Expected: the convention of 4.5.1 and later, angles in (0, 90], stays within version 4
# Happens: 4.14 gives angles in [-90, 0): the same rectangle, another angle, and width and height swapped for slanted ones
# Hurt: rules such as "angle above 45 means across the strip", and a drift monitor that compares angles from before and after an update
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 opencv-python-headless==4.10.0.84
cd "$folder"
cat > check.py <<'PYTHON'
import json
import sys

import cv2
import numpy as np

shapes = {"along the strip": [[10, 20], [109, 20], [109, 29], [10, 29]], "slanted": [[10, 100], [100, 55], [102, 59], [12, 104]]}
seen = {}
for name, corners in shapes.items():
    _, size, angle = cv2.minAreaRect(np.array(corners, np.int32).reshape(-1, 1, 2))
    seen[name] = round(angle, 1)
    print(cv2.__version__, f"{name}: size {size[0]:.1f} x {size[1]:.1f}, angle {angle:.1f}")
sys.exit(seen != json.loads(sys.argv[1]))
PYTHON
"$folder/venv/bin/python" check.py '{"along the strip": 90.0, "slanted": 63.4}'
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==4.14.0.94
"$folder/venv/bin/python" check.py '{"along the strip": -90.0, "slanted": -26.6}'
