#!/usr/bin/env bash
# mahotas' labeled_sum of an 8-bit frame counts modulo 256, and of a 12-bit frame modulo 65536
#
# Seen: 2026-11-29 with mahotas 1.4.19, numpy 2.4.6.
# Expected: "sum[i] is equal to np.sum(array[labeled == i])", as its documentation says; np.sum takes 64 bits for it
# Happens: the sum has the type of the image, and what exceeds it is cut off without a word. 300 pixels of 200 have the sum 96; converted to float
#   before the call it is 60000
# Hurt: who divides labeled_sum by labeled_size for the mean grey level of each defect: it is a small number near 0, for an 8-bit defect of
#   two pixels and for a 12-bit defect of seventeen; all defects look black, and the darkest and the brightest cannot be told apart
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check mahotas==1.4.19 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import mahotas
import numpy as np

defect = np.zeros((40, 40), bool)
defect[10:20, 5:35] = True
labels, _ = mahotas.label(defect)
size = int(mahotas.labeled.labeled_size(labels)[1])
seen = []
for name, frame in (
    ("8 bits, 200", np.full(defect.shape, 200, np.uint8)),
    ("12 bits, 4000", np.full(defect.shape, 4000, np.uint16)),
    ("float, 200", np.full(defect.shape, 200.0)),
):
    got, promised = mahotas.labeled.labeled_sum(frame, labels)[1], np.sum(frame[labels == 1])
    seen.append((float(got), float(promised)))
    print(f"{name}: labeled_sum {got} ({got.dtype}), np.sum {promised} ({promised.dtype}), mean by size {float(got) / size:.2f} of {size} pixels")
sys.exit(seen != [(60000 % 256, 60000), (1200000 % 65536, 1200000), (60000, 60000)])
PYTHON
