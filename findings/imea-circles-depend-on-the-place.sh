#!/usr/bin/env bash
# imea's circumscribing and inscribing circle of a defect depend on where in the frame it lies
#
# Seen: 2026-11-29 with imea 0.3.5, opencv-python 5.0.0.93, scikit-image 0.26.0, numpy 2.2.6.
# Expected: one and the same defect has the same circles everywhere; the docstring calls the measures invariant to translation
# Happens: the centre is the defect's place in the frame, the contour that of the defect cut out, so that the distance between them grows with
#   the distance from the upper left corner. All other measures that are printed here stay the same
# Hurt: who classifies defects by these diameters or by their ratio: it is the place on the strip that is learnt, and a classifier that was
#   trained on crops meets other values in frames
# Here: nothing is measured with imea.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check imea==0.3.5 opencv-python==5.0.0.93 scikit-image==0.26.0 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import imea
import numpy as np

names = ["area_projection", "feret_max", "diameter_min_enclosing_circle", "diameter_circumscribing_circle", "diameter_inscribing_circle"]
seen = []
for row, column in ((5, 5), (5, 105), (105, 105)):
    frame = np.zeros((160, 240), bool)
    frame[row : row + 21, column : column + 21] = True
    measured = imea.shape_measurements_2d(frame, spatial_resolution_xy=1, dalpha=45)
    measured = measured[0] if isinstance(measured, tuple) else measured
    seen.append([round(float(measured[name].iloc[0]), 1) for name in names])
    print(f"21 x 21 pixels at row {row}, column {column}: " + ", ".join(f"{name} {value}" for name, value in zip(names, seen[-1])))
same = all(values[:3] == seen[0][:3] for values in seen)
circles = [values[3] for values in seen]
sys.exit(not (same and circles[0] < 50 and circles[1] > 150 and circles[2] > circles[1] + 50))
PYTHON
