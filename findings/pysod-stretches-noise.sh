#!/usr/bin/env bash
# PySODMetrics scores noise of at most 2 % on a clean image as an error of 50 %
#
# Seen: 2026-11-27 with pysodmetrics 1.6.2.
# Expected: mean absolute error near 0.01
# Happens: each map is stretched to 0 to 1 before it is scored, unless it is constant: noise of 0 to 5 of 255 has the MAE 0.5, a false 20 %
#   everywhere 0.2
# Hurt: who scores clean frames by MAE or S-measure: the quieter and nearly right map loses against one that is wrong everywhere
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 pysodmetrics==1.6.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from py_sod_metrics import MAE, Smeasure

clean = np.zeros((200, 200), np.uint8)
noise = np.random.default_rng(0).integers(0, 6, clean.shape).astype(np.uint8)
seen = {}
for name, prediction in (("noise of 0 to 5 of 255", noise), ("51 of 255 everywhere", clean + 51)):
    mae, s = MAE(), Smeasure()
    for measure in (mae, s):
        measure.step(pred=prediction, gt=clean)
    seen[name] = float(mae.get_results()["mae"])
    print(f"{name}: true MAE {prediction.mean() / 255:.3f}, reported {seen[name]:.3f}; S-measure {float(s.get_results()['sm']):.3f}")
noisy, flat = seen.values()
sys.exit(not (0.45 < noisy < 0.55 and abs(flat - 0.2) < 1e-6))
PYTHON
