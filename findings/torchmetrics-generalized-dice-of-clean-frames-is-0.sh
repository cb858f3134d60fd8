#!/usr/bin/env bash
# torchmetrics' GeneralizedDiceScore gives a clean frame 0, whether it was rightly found clean or not
#
# Seen: 2026-11-29 with torchmetrics 1.9.0, torch 2.14.1.
# Expected: 1 for a clean frame that is found clean, or the frame left out; DiceScore and MeanIoU of the same module give such a set 1.0
# Happens: without the background class each clean frame counts 0 in the mean. Four perfect masks, of which three are of clean frames, score
#   0.25, and so do they with a false alarm on one of them, which DiceScore lowers from 1.0 to 0.5. Nothing is said. The same for all three weights
# Hurt: who follows a model on strip by it: the score is bounded by the share of frames with defects, so that sets of different share cannot be
#   compared, and it is blind to false alarms on clean steel
# Here: nothing is scored with torchmetrics; clean images are scored apart (tsernet/metrics/scores.py).
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torchmetrics==1.9.0 torch==2.14.1 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import torch
from torchmetrics.segmentation import DiceScore, GeneralizedDiceScore, MeanIoU

truth = torch.zeros(4, 64, 64, dtype=torch.long)
truth[0, 10:20, 10:50] = 1
alarm, missed = truth.clone(), torch.zeros_like(truth)
alarm[1, 30:33, 30:33] = 1
options = {"num_classes": 2, "include_background": False, "input_format": "index"}
metrics = {f"GeneralizedDiceScore {weight}": GeneralizedDiceScore(weight_type=weight, **options) for weight in ("square", "simple", "linear")}
metrics |= {"DiceScore": DiceScore(average="macro", **options), "MeanIoU": MeanIoU(**options)}
seen = {}
for name, metric in metrics.items():
    seen[name] = [round(float(metric(found, truth)), 4) for found in (truth, alarm, missed)]
    print(f"{name}: perfect {seen[name][0]}, with a false alarm on a clean frame {seen[name][1]}, with the defect missed {seen[name][2]}")
general, others = list(seen.values())[:3], list(seen.values())[3:]
sys.exit(any(values != [0.25, 0.25, 0] for values in general) or any(values != [1, 0.5, 0] for values in others))
PYTHON
