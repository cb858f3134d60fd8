#!/usr/bin/env bash
# Datumaro turns a mask into polygons that are a row and a column smaller, and a scratch of up to two pixels into none
#
# Seen: 2026-11-28 with datumaro 1.13.12.
# Expected: polygons that draw the mask again, or all but its borders to half a pixel
# Happens: polygons run through the centres of the border's pixels and are drawn by pycocotools, for which whole numbers are edges: 81 pixels of 10 x 10, none of 2 x 50, of which not even a polygon is left; holes are filled
# Hurt: masks of a brush or a model that become polygons for an editor or a training set: thin scratches are gone, all others thinner
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check datumaro==1.13.12
cd "$folder"
export DATUMARO_TELEMETRY=0 PYTHONWARNINGS=ignore
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from datumaro.util.mask_tools import mask_to_polygons
from pycocotools import mask as coco

seen = {}
for name, rows, columns, hole in (("10 x 10", 10, 10, 0), ("2 x 50", 2, 50, 0), ("1 x 50", 1, 50, 0), ("20 x 20 with a hole of 10 x 10", 20, 20, 10)):
    mask = np.zeros((60, 80), np.uint8)
    mask[5 : 5 + rows, 7 : 7 + columns] = 1
    mask[10 : 10 + hole, 12 : 12 + hole] = 0
    polygons = mask_to_polygons(mask)
    drawn = coco.decode(coco.merge(coco.frPyObjects(polygons, 60, 80))).sum() if polygons else 0
    seen[name] = int(mask.sum()), int(drawn)
    print(f"{name}: {seen[name][0]} pixels, {len(polygons)} polygons, {seen[name][1]} pixels when drawn again")
sys.exit(seen != {"10 x 10": (100, 81), "2 x 50": (100, 0), "1 x 50": (50, 0), "20 x 20 with a hole of 10 x 10": (300, 361)})
PYTHON
