#!/usr/bin/env bash
# MONAI's GeneralizedDiceLoss lets a missed defect of 1000 x 1000 pixels cost 0.09
#
# Seen: 2026-11-29 with monai 1.6.1, torch 2.13.0, numpy 2.3.4.
# Expected: 1 for a defect that is missed altogether, whatever its size; DiceLoss and w_type="simple" give it
# Happens: the sums are divided by the square of the defect's area before smooth_nr and smooth_dr (0.00001 each) are added, which so become part of the
#   loss: 0.999 for a missed defect of 10 x 10 pixels, 0.71 for 200 x 200, 0.29 for 500 x 500. With smooth_nr=0 it is 1 for all sizes.
# Hurt: who trains on whole frames: the larger a patch of scale is, the less it costs to miss it, far beyond the balance between small and large that the
#   weights are meant to give, and tiles of 256 do not show it
# Here: no generalised Dice; the losses are those of tsernet/losses.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check monai==1.6.1 torch==2.13.0 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import torch
from monai.losses import DiceLoss, GeneralizedDiceLoss

torch.set_num_threads(1)
losses = {
    "GeneralizedDiceLoss": GeneralizedDiceLoss(),
    "w_type=simple": GeneralizedDiceLoss(w_type="simple"),
    "smooth_nr=0": GeneralizedDiceLoss(smooth_nr=0),
    "DiceLoss": DiceLoss(),
}
nothing = torch.zeros(1, 1, 1024, 1024)
seen = {}
for size in (10, 100, 200, 500, 1000):
    defect = nothing.clone()
    defect[0, 0, :size, :size] = 1
    for name, loss in losses.items():
        seen[name, size] = round(float(loss(nothing, defect)), 3)
    print(f"missed defect of {size} x {size}:", ", ".join(f"{name} {seen[name, size]}" for name in losses))
general = [seen["GeneralizedDiceLoss", size] for size in (10, 100, 200, 500, 1000)]
others = [value for (name, _), value in seen.items() if name in ("w_type=simple", "DiceLoss")]
sys.exit(not (general[0] > 0.99 and general == sorted(general, reverse=True) and general[3] < 0.35 and general[4] < 0.12 and min(others) > 0.99))
PYTHON
