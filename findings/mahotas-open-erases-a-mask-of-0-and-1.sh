#!/usr/bin/env bash
# mahotas' open and erode make a uint8 mask of 0 and 1 empty; as bool, or of 0 and 255, it keeps its defects
#
# Seen: 2026-11-29 with mahotas 1.4.19, numpy 2.3.4.
# Expected: opening by a cross of 3 x 3 keeps a defect of 20 x 60, whatever the dtype; that integers are taken for grey levels alters nothing
#   about it, since a grey opening by a flat element does so too
# Happens: the element's ones count as heights, and so does the default one's: erosion takes 1 from every level, and 1 becomes 0. A
#   dilation adds 1, and in int32 makes 1 of the background as well
# Hurt: who removes specks from masks of class numbers: every frame becomes clean. Grey frames are one level brighter or darker
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check mahotas==1.4.19 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import mahotas
import numpy as np

defect = np.zeros((64, 128), bool)
defect[20:40, 30:90] = True
seen = {}
for name, mask in (("bool", defect), ("uint8 of 0 and 255", defect.astype(np.uint8) * 255), ("uint8 of 0 and 1", defect.astype(np.uint8))):
    seen[name] = tuple(int((function(mask) > 0).sum()) for function in (mahotas.erode, mahotas.open))
    print(f"{name}: {int(defect.sum())} pixels of defect, {seen[name][0]} after erode, {seen[name][1]} after open")
grown = mahotas.dilate(defect.astype(np.int32))
flat = int(mahotas.dilate(np.full((8, 8), 1000, np.uint16)).max())
print(f"dilate of the same mask in int32: levels {np.unique(grown).tolist()}; dilate of a flat grey frame of 1000: {flat}")
sys.exit(not (seen["bool"][0] == seen["uint8 of 0 and 255"][0] == 18 * 58 and seen["bool"][1] > 1190 and seen["uint8 of 0 and 1"] == (0, 0) and flat == 1001))
PYTHON
