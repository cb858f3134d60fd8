#!/usr/bin/env bash
# MONAI's metrics over a set of clean frames are a Dice of 0 and a Hausdorff distance of 0
#
# Seen: 2026-11-29 with monai 1.6.1, torch 2.13.0, numpy 2.3.4, scipy 1.17.1.
# Expected: NaN, which is what each of the frames is given; by the documentation an empty ground truth is NaN, or 1 with ignore_empty=False
# Happens: aggregate() gives 0.0 where no frame has a number: clean frames found clean have the worst Dice, IoU and surface Dice there are, and the best
#   Hausdorff and surface distance. A false alarm on one of them changes none of the first two. No warning; get_not_nans=True alone shows a count of 0
# Hurt: who reports by coil, camera or class: every clean coil has Dice 0, and a class that a set does not hold has distance 0; both look
#   like results, and a mean over coils counts them
# Here: clean images are scored apart (tsernet/metrics/scores.py).
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check monai==1.6.1 torch==2.13.0 numpy==2.3.4 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import torch
from monai.metrics import DiceMetric, HausdorffDistanceMetric, MeanIoU, SurfaceDiceMetric

torch.set_num_threads(1)
clean = torch.zeros(4, 1, 64, 64)
alarm, defect = clean.clone(), clean.clone()
alarm[1, 0, 5:8, 5:8] = 1
defect[0, 0, 10:20, 10:50] = 1
metrics = {
    "Dice": DiceMetric(),
    "Dice, ignore_empty=False": DiceMetric(ignore_empty=False),
    "IoU": MeanIoU(),
    "surface Dice": SurfaceDiceMetric([1.0], include_background=True),
    "Hausdorff": HausdorffDistanceMetric(include_background=True),
}
seen = {}
for name, metric in metrics.items():
    for case, found, truth in (("clean found clean", clean, clean), ("false alarm on clean", alarm, clean), ("one perfect defect, three clean", defect, defect)):
        metric.reset()
        frames = metric(found, truth).flatten().tolist()
        seen[name, case] = float(metric.aggregate())
        print(f"{name}, {case}: frames {frames}, aggregate {seen[name, case]}")
zero = all(seen[name, "clean found clean"] == 0 for name in ("Dice", "IoU", "surface Dice", "Hausdorff"))
blind = seen["Dice", "false alarm on clean"] == seen["IoU", "false alarm on clean"] == 0
sys.exit(not (zero and blind and seen["Dice, ignore_empty=False", "clean found clean"] == seen["Dice", "one perfect defect, three clean"] == 1))
PYTHON
