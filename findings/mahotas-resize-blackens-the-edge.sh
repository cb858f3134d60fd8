#!/usr/bin/env bash
# mahotas' imresize makes the last row and the last column black, even where the size stays the same
#
# Seen: 2026-11-29 with mahotas 1.4.19, numpy 2.3.4.
# Expected: a flat frame stays flat
# Happens: the last sample, which lies on the last pixel, counts as outside the frame, and imresize has 0 there and no parameter for
#   anything else. At some sizes rounding saves the row or the column
# Hurt: frames and tiles shrunk before a network or a threshold: a dark line along the edge of the strip, where edge cracks begin; a resized
#   label image loses its defects there
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

frame = np.full((512, 2048), 3000, np.uint16)
seen = {}
for size in ((256, 1024), (512, 2048), (1024, 4096)):
    for order in (0, 1, 3):
        resized = mahotas.imresize(frame, size, order=order)
        edge = np.zeros(size, bool)
        edge[-1] = edge[:, -1] = True
        seen[size, order] = bool((resized[edge] == 0).all() and (np.abs(resized[~edge] - 3000.0) <= 1).all())
        print(f"512 x 2048 of 3000 everywhere, to {size[0]} x {size[1]}, order {order}: {int((resized == 0).sum())} pixels are 0, last row {resized[-1, :3]}")
print("black are all of the last row and column and nothing else:", all(seen.values()))
sys.exit(not all(seen.values()))
PYTHON
