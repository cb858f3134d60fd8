#!/usr/bin/env bash
# MONAI's SoftclDiceLoss is 0 for every prediction where a defect is nine pixels wide or wider
#
# Seen: 2026-11-29 with monai 1.6.1, torch 2.13.0, numpy 2.3.4.
# Expected: near 1 for a bar that is missed or found elsewhere, as for narrow bars; iter_, whose default is 3, is documented as the number of iterations
#   for skeletonization
# Happens: each iteration thins by one pixel on each side, so that after three a bar of nine pixels still has a core, which has no skeleton yet: the sums
#   of both skeletons are 0, and the ratio of the smoothing terms makes the loss 0, without a gradient. No warning
# Hurt: who trains on scratches and scale together, for the sake of thin defects: the wide ones are rewarded however they are predicted, and the mean loss looks good
# Here: no clDice; the losses are those of tsernet/losses.
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
from monai.losses import SoftclDiceLoss

torch.set_num_threads(1)
seen = {}
for iterations, widths in ((3, (1, 5, 8, 9, 20)), (12, (20,))):
    for width in widths:
        bar = torch.zeros(1, 1, 128, 128)
        bar[0, 0, 20 : 20 + width, 20:100] = 1
        loss = SoftclDiceLoss(iter_=iterations)
        missed = torch.zeros_like(bar, requires_grad=True)
        value = loss(missed, bar)
        value.backward()
        losses = loss(bar, bar), value, loss(bar.roll(60, 2), bar), missed.grad.abs().max()
        seen[iterations, width] = [round(float(number), 3) for number in losses]
        print(f"iter_={iterations}, bar {width} pixels wide: perfect {{}}, missed {{}}, found elsewhere {{}}, largest gradient of the missed one {{}}".format(*seen[iterations, width]))
narrow = all(seen[3, width][0] == 0 and min(seen[3, width][1:3]) > 0.9 for width in (1, 5, 8))
sys.exit(not (narrow and seen[3, 9] == seen[3, 20] == [0, 0, 0, 0] and seen[12, 20][1] > 0.9))
PYTHON
