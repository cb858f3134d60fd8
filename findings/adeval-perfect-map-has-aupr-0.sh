#!/usr/bin/env bash
# ADEval gives the ground truth itself, taken as a map, the AUPR 0.0; its AUROC and AUPRO are 1.0
#
# Seen: 2026-11-29 with adeval 1.1.0, numpy 2.3.4, opencv-python-headless 4.12.0.88.
# Expected: 1.0, as scikit-learn's average precision of the same map: no background pixel is above a defect's
# Happens: the curve is integrated from its first point on, not from recall 0, so that all pixels which share the highest of the 1000 levels
#   count for nothing: 1 minus their share of the defects is the most that a map can have
# Hurt: maps of 8 bits, sigmoids that saturate, and hard masks: the surer a model is of its defects, the less AUPR it gets, and the best one
#   can come last while AUROC calls it perfect
# Here: the average precision of images is scikit-learn's, which begins at recall 0.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
# without its dependencies: PyTorch is named as one, and documented as optional
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check --no-deps adeval==1.1.0 numpy==2.3.4 opencv-python-headless==4.12.0.88
cd "$folder"
export PYTHONWARNINGS=ignore
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from adeval import auroc_aupr_aupro

random = np.random.default_rng(0)
defects = np.zeros((4, 100, 120), np.uint8)
defects[0, 20:24, 10:60] = defects[0, 60:80, 60:80] = defects[1, 50, 5:100] = defects[2, 10:20, 10:20] = 1
background = random.uniform(0, 0.4, defects.shape).astype(np.float32)
seen = {}
for sure in (0.0, 0.25, 0.5, 0.75, 1.0):
    answer = random.uniform(0.6, 0.95, defects.shape).astype(np.float32)
    answer[random.random(defects.shape) < sure] = 1
    seen[sure] = [round(float(value), 3) for value in auroc_aupr_aupro(np.where(defects, answer, background), defects)]
    print(f"all defects above all background, {sure:.0%} of their pixels at 1.0: AUROC {seen[sure][0]}, AUPR {seen[sure][1]}, AUPRO {seen[sure][2]}")
seen["truth"] = [round(float(value), 3) for value in auroc_aupr_aupro(defects.astype(np.float32), defects)]
print("the ground truth as a map: AUROC {}, AUPR {}, AUPRO {}".format(*seen["truth"]))
falls = all(abs(seen[sure][1] - (1 - sure)) < 0.05 for sure in (0.0, 0.25, 0.5, 0.75, 1.0))
sys.exit(not (falls and all(values[0] == 1 and values[2] == 1 for values in seen.values()) and seen["truth"][1] == 0))
PYTHON
