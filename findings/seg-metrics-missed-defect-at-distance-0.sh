#!/usr/bin/env bash
# seg-metrics gives a defect that was missed altogether the Hausdorff distance 0, as it does to a perfect mask
#
# Seen: 2026-11-29 with seg-metrics 1.2.8, simpleitk 2.5.3, numpy 2.3.4, pandas 3.1.1.
# Expected: infinity, NaN or a refusal, since there is nothing to measure the distance to
# Happens: the distances to an empty mask are taken as 0, so that hd, hd95, msd and mdsd of a missed defect are 0.0, the best there is, and
#   those of a false alarm on a clean frame too; the same defect found five pixels off has hd 5. A warning speaks of precision and recall only
# Hurt: who ranks models of rare defects by the mean boundary distance: the model that finds nothing comes first
# Here: no distance to a boundary is scored.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check seg-metrics==1.2.8 simpleitk==2.5.3 numpy==2.3.4 pandas==3.1.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from seg_metrics import seg_metrics

defect = np.zeros((60, 60), np.uint8)
defect[20:24, 10:40] = 1
clean = np.zeros_like(defect)
cases = {
    "perfect": (defect, defect),
    "five pixels off": (defect, np.roll(defect, 5, axis=0)),
    "missed": (defect, clean),
    "false alarm": (clean, defect),
}
seen = {}
for name, (truth, found) in cases.items():
    scores = seg_metrics.write_metrics(labels=[1], gdth_img=truth, pred_img=found, metrics=["dice", "hd", "hd95", "msd"])
    scores = scores[0] if isinstance(scores, list) else scores
    seen[name] = [float(np.ravel(scores[key])[0]) for key in ("hd", "hd95", "msd")]
    print(f"{name}: dice {float(np.ravel(scores['dice'])[0]):.2f}, hd, hd95, msd {seen[name]}")
best = [0.0, 0.0, 0.0]
sys.exit(not (seen["perfect"] == seen["missed"] == seen["false alarm"] == best and seen["five pixels off"][0] == 5.0))
PYTHON
