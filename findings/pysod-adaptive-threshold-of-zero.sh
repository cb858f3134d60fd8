#!/usr/bin/env bash
# The adaptive measures mark the whole image where a map is zero everywhere
#
# Seen: 2026-11-27 with pysodmetrics 1.6.2.
# Expected: on a clean image a map of zeros scores best, and a map of 0.2 everywhere worse
# Happens: the adaptive threshold, twice the mean, is 0, and every pixel is at least 0: the right answer scores 0.0 in adaptive E-measure,
#   the wrong one 1.0. On an image with a defect the empty map gets an adaptive F above 0, the map of 0.2 gets 0
# Hurt: plants whose frames are nearly all clean: the mean adaptive E-measure falls as the model gets quieter
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
from py_sod_metrics import Emeasure, Fmeasure


def adaptive(prediction, mask):
    e, f = Emeasure(), Fmeasure()
    for measure in (e, f):
        measure.step(pred=prediction, gt=mask)
    return round(float(e.get_results()["em"]["adp"]), 3), round(float(f.get_results()["fm"]["adp"]), 3)


clean = np.zeros((200, 200), np.uint8)
defect = clean.copy()
defect[50:100, 50:100] = 255
zeros, fifth = clean, clean + 51
seen = {}
for name, mask in (("clean", clean), ("defect", defect)):
    for what, prediction in (("0 everywhere", zeros), ("0.2 everywhere", fifth)):
        seen[name, what] = adaptive(prediction, mask)
        print(f"{name} image, map of {what}: adaptive E {seen[name, what][0]}, adaptive F {seen[name, what][1]}")
sys.exit(not (seen["clean", "0 everywhere"][0] == 0 and seen["clean", "0.2 everywhere"][0] == 1 and
              seen["defect", "0 everywhere"][1] > 0 == seen["defect", "0.2 everywhere"][1]))
PYTHON
