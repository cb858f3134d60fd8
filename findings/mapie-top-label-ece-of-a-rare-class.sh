#!/usr/bin/env bash
# MAPIE's top-label calibration error of 100,000 frames is decided by the six that were called defects
#
# Seen: 2026-11-30 with mapie 1.6.0, scikit-learn 1.7.2, numpy 2.2.6, scipy 1.16.3.
# Expected: each bin weighted by its share of all frames, as in the formula of the documentation and in the paper that it names
# Happens: the plain mean over the labels that were predicted. Probabilities that are right by construction, with 1 % of defects, have the error
#   0.25 since a few frames are above a half; without those frames it is 0.0009
# Hurt: who accepts a calibration by this figure, or compares two: it is the luck of a handful of frames, and jumps from 0.001 to 0.2 with the
#   first frame that is called a defect
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check mapie==1.6.0 scikit-learn==1.7.2 numpy==2.2.6 scipy==1.16.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from mapie.metrics.calibration import expected_calibration_error, top_label_ece

good = True
for seed in range(5):
    random = np.random.default_rng(seed)
    probability = random.beta(0.1, 9.9, 100_000)  # a mean of 1 %
    truth = (random.random(probability.size) < probability).astype(int)  # perfectly calibrated
    both = np.column_stack([1 - probability, probability])
    called = both.argmax(axis=1)
    parts = [expected_calibration_error((truth == label)[called == label].astype(int), both.max(axis=1)[called == label]) for label in (0, 1)]
    weighted = np.dot(parts, np.bincount(called) / called.size)
    mapie = top_label_ece(truth, both)
    rest = top_label_ece(truth[called == 0], both[called == 0])
    print(f"{called.sum()} frames called defects: top_label_ece {mapie:.4f}, weighted by frames {weighted:.4f}; without those frames {rest:.4f}")
    good &= mapie > 0.05 and weighted < 0.002 and rest < 0.002 and np.isclose(mapie, np.mean(parts))
sys.exit(not good)
PYTHON
