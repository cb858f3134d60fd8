#!/usr/bin/env bash
# supervision's mask_to_polygons gives no polygon for a defect one pixel wide
#
# Seen: 2026-11-28 with supervision 0.31.2.
# Expected: a polygon for every object that has pixels
# Happens: contours of fewer than three points are dropped: a hairline of 100 pixels gives no polygon, a speck of two pixels none; a 2 x 2 speck gives one
# Hurt: who turns predicted masks into polygons with it, to be corrected or trained on: the thinnest scratches are gone, and nothing says so
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 supervision==0.31.2
cd "$folder"
export PYTHONWARNINGS=ignore
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import supervision as sv

seen = {}
for name, rows, columns in (("1 x 100", 1, 100), ("1 x 2", 1, 2), ("2 x 2", 2, 2), ("2 x 100", 2, 100)):
    mask = np.zeros((40, 120), bool)
    mask[5 : 5 + rows, 10 : 10 + columns] = True
    seen[name] = len(sv.mask_to_polygons(mask))
    print(f"{name} pixels: {seen[name]} polygons")
sys.exit(seen != {"1 x 100": 0, "1 x 2": 0, "2 x 2": 1, "2 x 100": 1})
PYTHON
