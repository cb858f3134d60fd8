#!/usr/bin/env bash
# PySODMetrics' E-measure of a perfect map is above 1
#
# Seen: 2026-11-27 with pysodmetrics 1.6.2.
# Expected: at most 1
# Happens: the sum over N pixels is divided by N - 1: 1.000625 for 40 x 40 pixels, 1.000025 for 200 x 200
# Hurt: a data contract (0 to 1) on the metrics stops the pipeline on the best image; means over tiles of different size are not comparable
#   in the last digits
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
from py_sod_metrics import Emeasure

holds = True
for side in (40, 200):
    mask = np.zeros((side, side), np.uint8)
    mask[side // 4 : side // 2, side // 4 : side // 2] = 255
    measure = Emeasure()
    measure.step(pred=mask, gt=mask)
    value = float(measure.get_results()["em"]["curve"].max())
    print(f"{side} x {side}, the map is the mask: maximal E-measure {value:.7f}, N / (N - 1) = {side**2 / (side**2 - 1):.7f}")
    holds &= abs(value - side**2 / (side**2 - 1)) < 1e-6
sys.exit(not holds)
PYTHON
