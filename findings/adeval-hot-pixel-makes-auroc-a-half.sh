#!/usr/bin/env bash
# ADEval's AUROC of 48,000 pixels falls from 0.79 to 0.50 when one of them is a thousand times as bright
#
# Seen: 2026-11-29 with adeval 1.1.0, numpy 2.3.4, opencv-python-headless 4.12.0.88.
# Expected: a change in the fifth decimal: AUROC depends on the order of the scores alone, and one pixel of the background has changed places
# Happens: auroc() and auroc_aupr_aupro() spread 1000 equal levels from the least to the highest score; one far outlier leaves all others in
#   the first level, where they are ties. Nothing is said. The same scores squeezed by log1p twice, which keeps their order, have 0.79 again
# Hurt: anomaly maps without an upper bound (reconstruction errors, Mahalanobis distances): a speck of glare on one frame makes a good
#   detector look like chance, and ranks methods by their outliers
# Here: the AUROC of images is scikit-learn's, by order.
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
from adeval import auroc, auroc_aupr_aupro

random = np.random.default_rng(0)
defects = np.zeros((4, 100, 120), np.uint8)
defects[0, 20:24, 10:60] = defects[0, 60:80, 60:80] = defects[1, 50, 5:100] = defects[2, 10:20, 10:20] = 1
maps = random.uniform(0, 0.5, defects.shape).astype(np.float32) + defects * random.uniform(0, 0.4, defects.shape).astype(np.float32)


def by_order(scores):
    """AUROC by the sum of ranks, hardly any two scores being equal."""
    ranks = np.argsort(np.argsort(scores.ravel())) + 1
    marked = int(defects.sum())
    return (ranks[defects.ravel() == 1].sum() - marked * (marked + 1) / 2) / (marked * (defects.size - marked))


seen = {}
for glare in (None, 10, 100, 1000):
    scores = maps.copy()
    if glare:
        scores[3, 0, 0] = glare  # on the frame without a defect
    seen[glare] = by_order(scores), float(auroc(scores, defects)), float(auroc_aupr_aupro(scores, defects)[2])
    name = "no glare" if glare is None else f"one pixel of {glare}"
    print(f"{name}: AUROC by order {seen[glare][0]:.3f}, ADEval's {seen[glare][1]:.3f}, its AUPRO {seen[glare][2]:.3f}")
squeezed = float(auroc(np.log1p(np.log1p(scores)), defects))
print(f"one pixel of 1000, all scores by log1p twice: ADEval's AUROC {squeezed:.3f}")
fine = abs(seen[None][0] - seen[None][1]) < 0.01 and abs(seen[1000][0] - seen[None][0]) < 0.001 and abs(squeezed - seen[None][0]) < 0.01
sys.exit(not (fine and abs(seen[1000][1] - 0.5) < 0.01 and seen[1000][2] < 0.2))
PYTHON
