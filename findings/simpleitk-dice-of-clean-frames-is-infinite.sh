#!/usr/bin/env bash
# SimpleITK's overlap measures of two clean frames are a Dice coefficient of infinity and a Jaccard coefficient of 1.8e308
#
# Seen: 2026-11-29 with simpleitk 2.5.7, numpy 2.4.6.
# Expected: 1, NaN or a refusal; both coefficients are at most 1
# Happens: where source and target hold no label, Dice is inf and Jaccard, overlap, false negative and false positive error are the largest double, which
#   isfinite lets through. Where only the target is empty, the false negative error alone is that number
# Hurt: who averages over all frames of a coil, most of which are clean and rightly found clean: the mean Dice is inf, and the mean Jaccard
#   is about 1e308, a number to every check for NaN and infinity
# Here: nothing is scored with SimpleITK.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check simpleitk==2.5.7 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import SimpleITK as sitk

clean = np.zeros((40, 40), np.uint8)
defect = clean.copy()
defect[10:20, 5:35] = 1
cases = {"found": (defect, defect), "clean, rightly": (clean, clean), "missed": (clean, defect), "false alarm": (defect, clean)}
seen = {}
for name, (found, truth) in cases.items():
    measures = sitk.LabelOverlapMeasuresImageFilter()
    measures.Execute(sitk.GetImageFromArray(found), sitk.GetImageFromArray(truth))
    seen[name] = [measures.GetDiceCoefficient(), measures.GetJaccardCoefficient(), measures.GetFalseNegativeError()]
    print(f"{name}: Dice {seen[name][0]:.4g}, Jaccard {seen[name][1]:.4g}, false negative error {seen[name][2]:.4g}")
print(f"mean Jaccard of a found defect and a clean frame: {np.mean([seen['found'][1], seen['clean, rightly'][1]]):.4g}")
largest = float(np.finfo(float).max)
clean_is_huge = seen["clean, rightly"] == [np.inf, largest, largest] and seen["false alarm"][2] == largest
sys.exit(not (clean_is_huge and seen["found"] == [1, 1, 0] and seen["missed"] == [0, 0, 1]))
PYTHON
