#!/usr/bin/env bash
# River's ADWIN does not see the share of defect pixels rise tenfold; the same numbers in parts per million it sees after 31 frames
#
# Seen: 2026-11-29 with river 0.26.1, numpy 2.3.4.
# Expected: a comparison of two means does not depend on the unit; no range is asked for, and the documented example has values of 4 to 7
# Happens: the limit of the test has a part for values that spread over 1, whatever their spread is, so that means which differ by less than
#   about 0.005 are one to it until ten thousands of frames have passed
# Hurt: who watches the share of defect pixels (1e-4 and the like) or any other small number of a line: the monitor is silent for good
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check river==0.26.1 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from river import drift

FRAMES = 4000
seen = {}
for unit, scale in (("share of 1", 1e-4), ("per cent", 1e-2), ("parts per million", 1e2)):
    after, false = [], 0
    for coil in range(5):
        random = np.random.default_rng(coil)
        before, later = random.exponential(1, FRAMES), random.exponential(10, FRAMES)
        detector, found = drift.ADWIN(), None
        for frame, value in enumerate(np.concatenate([before, later]) * scale):
            detector.update(float(value))
            if detector.drift_detected and frame < FRAMES:
                false += 1
            elif detector.drift_detected and found is None:
                found = frame - FRAMES
        after.append(found)
    seen[unit] = after, false
    print(f"{unit}, mean {scale:g} and then {10 * scale:g}: frames until the drift is seen {after} (None: not in {FRAMES}), false alarms {false}")
silent = all(found is None for found in seen["share of 1"][0])
prompt = all(found is not None and found < 100 for found in seen["parts per million"][0])
sys.exit(not (silent and prompt and seen["parts per million"][1] == 0))
PYTHON
