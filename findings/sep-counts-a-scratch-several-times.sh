#!/usr/bin/env bash
# sep counts one straight scratch of even contrast as several defects
#
# Seen: 2026-11-29 with sep 1.4.1, numpy 2.3.4.
# Expected: one source; deblending is documented to split what has several peaks of a share of the flux (deblend_cont, 0.005), and the scratch has one level
# Happens: noise makes peaks along it, each with far more than 0.005 of the flux, so that a scratch of 300 pixels and eight deviations is four to eight
#   sources of more than 20 pixels. With deblend_cont=1.0 it is one. A round spot of as many pixels is one in eight of ten frames
# Hurt: who finds and counts defects on a plain ground by the tool of astronomers, which is fast and knows the noise: the longer a scratch, the more defects
#   a coil has, and none of them has its length
# Here: defects are connected components of the map (tsernet/defects).
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check sep==1.4.1 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import sep

rows, columns = np.mgrid[:400, :400]
shapes = {"scratch of 300 x 1": (rows == 200) & (columns >= 50) & (columns < 350), "round spot": np.hypot(rows - 200, columns - 200) < 9.8}
seen = {}
for name, shape in shapes.items():
    for deblend in (0.005, 1.0):
        counts, lengths = [], []
        for seed in range(10):
            frame = np.random.default_rng(seed).normal(0, 1, (400, 400)).astype(np.float32)
            frame[shape] += 8
            found, segments = sep.extract(frame, 1.5, err=1.0, deblend_cont=deblend, segmentation_map=True)
            pieces = np.unique(segments[shape & (segments > 0)]) - 1
            pieces = pieces[found["npix"][pieces] > 20]
            counts.append(len(pieces))
            lengths.append(int((found["xmax"] - found["xmin"])[pieces].max()) + 1)
        seen[name, deblend] = float(np.mean(counts))
        print(f"{name}, deblend_cont={deblend}: {shape.sum()} pixels, sources of more than 20 pixels {counts}, the longest {max(lengths)}")
sys.exit(not (seen["scratch of 300 x 1", 0.005] > 3 and seen["round spot", 0.005] < 1.5 and seen["scratch of 300 x 1", 1.0] == 1))
PYTHON
