#!/usr/bin/env bash
# PySODMetrics takes a uint8 mask of 0 and 1 for an empty one
#
# Seen: 2026-11-27 with pysodmetrics 1.6.2.
# Expected: either 1 counts as foreground or the mask is refused
# Happens: foreground is above 128, so the mask is empty; a perfect map scores F 0 and S near 1 minus its area, with no warning
# Hurt: who scores against masks of segmentation tools, that hold class numbers; every method has F 0, and S looks plausible
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 pysodmetrics==1.6.2
cd "$folder"
export PYTHONWARNINGS=ignore
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from py_sod_metrics import Fmeasure, Smeasure

mask = np.zeros((200, 200), np.uint8)
mask[50:100, 50:100] = 1
seen = []
for foreground in (255, 1):
    f, s = Fmeasure(), Smeasure()
    for measure in (f, s):
        measure.step(pred=mask * 255, gt=mask * foreground)
    seen.append((round(float(f.get_results()["fm"]["curve"].max()), 3), round(float(s.get_results()["sm"]), 3)))
    print(f"perfect map, mask of 0 and {foreground}: maximal F {seen[-1][0]}, S {seen[-1][1]}")
sys.exit(not (seen[0][0] == 1 and seen[1][0] == 0 and seen[1][1] > 0.9))
PYTHON
