#!/usr/bin/env bash
# SciPy's distance_transform_edt of a frame without any zero gives distances to a pixel above the upper left corner
#
# Seen: 2026-11-29 with scipy 1.17.1, numpy 2.4.6.
# Expected: infinity, or a refusal: there is no background to have a distance to. The documentation does not say; distance_transform_cdt gives -1,
#   distance_transform_bf a number of 154 digits, OpenCV the largest float
# Happens: the distances are those to row -1, column 0, and return_indices names that pixel as the nearest of the background: 1 in the upper left
#   corner, 71.3 in the lower right one of 40 x 60 pixels. No warning
# Hurt: who takes the distance of each pixel to the next defect from the complement of the mask (boundary losses, weighted measures, tolerance bands
#   around a defect): in clean frames, the usual ones, there is a defect at the upper left corner, and its distances look like any others
# Here: both callers (tsernet/metrics/weighted.py, tsernet/report/failures.py) are only given masks with a defect.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check scipy==1.17.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from scipy import ndimage

clean = np.zeros((40, 60), bool)
distance, (row, column) = ndimage.distance_transform_edt(~clean, return_indices=True)
print(f"clean frame: distance to the next defect {distance[0, 0]:.1f} at the upper left, {distance[0, -1]:.1f} at the upper right,"
      f" {distance[-1, 0]:.1f} at the lower left, {distance[-1, -1]:.1f} at the lower right; nearest defect at row {np.unique(row)}, column {np.unique(column)}")
chessboard = ndimage.distance_transform_cdt(~clean)
print(f"distance_transform_cdt: {np.unique(chessboard)}; distance_transform_bf: {np.unique(ndimage.distance_transform_bf(~clean))}")
defect = clean.copy()
defect[0, 0] = True
print(f"a defect of one pixel at the upper left: {ndimage.distance_transform_edt(~defect)[-1, -1]:.1f} at the lower right")
rows, columns = np.indices(clean.shape)
sys.exit(not (np.allclose(distance, np.hypot(rows + 1, columns)) and np.all(row == -1) and np.all(column == 0) and np.all(chessboard == -1)))
PYTHON
