#!/usr/bin/env bash
# Frouros' PSI of two samples of one unchanged process is above the alarm limit in half of all comparisons
#
# Seen: 2026-11-29 with frouros 0.9.0, numpy 2.1.3, scipy 1.14.1.
# Expected: about 0.09 for 200 values against 200 in ten bins; the rule of thumb takes more than 0.25 for a drift
# Happens: a bin that is empty in one sample is given the share 2.2e-308 instead of a small one, so that each value which falls there in the
#   other sample adds 708 times its share: one frame of 200 adds 3.5. The outermost of ten equal bins are empty in most samples
# Hurt: who watches brightness or defect counts of a line with PSI: an alarm every other day from nothing, by which nobody finds a
#   true drift
# Here: no bins; drift is the distance from the median in robust deviations.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check frouros==0.9.0 numpy==2.1.3 scipy==1.14.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from frouros.detectors.data_drift import PSI


def frouros(reference, sample):
    detector = PSI()
    detector.fit(X=reference)
    return float(detector.compare(X=sample)[0].distance)


def floored(reference, sample):
    """The same with an empty bin taken for one in ten thousand, as is usual."""
    edges = np.histogram_bin_edges(np.concatenate([reference, sample]), 10)
    a, b = (np.maximum(np.histogram(values, edges)[0] / len(values), 1e-4) for values in (reference, sample))
    return float(((b - a) * np.log(b / a)).sum())


seen = {}
for name, function in (("frouros", frouros), ("empty bins as 0.0001", floored)):
    for shift in (0, 2.5):
        values = []
        for day in range(200):
            random = np.random.default_rng(day)
            values.append(function(random.normal(100, 5, 200), random.normal(100 + shift, 5, 200)))
        seen[name, shift] = float((np.array(values) > 0.25).mean())
        what = "no drift" if shift == 0 else "drift of half a sigma"
        print(f"{name}, {what}: median {np.median(values):.2f}, highest {max(values):.1f}, {seen[name, shift]:.0%} of 200 days above 0.25")
sys.exit(not (seen["frouros", 0] > 0.4 and seen["empty bins as 0.0001", 0] < 0.05))
PYTHON
