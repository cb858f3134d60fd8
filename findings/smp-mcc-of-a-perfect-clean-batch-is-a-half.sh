#!/usr/bin/env bash
# segmentation-models-pytorch's MCCLoss gives a perfect clean batch 0.5, and one false pixel as much as a hundredth of the frame
#
# Seen: 2026-11-29 with segmentation-models-pytorch 0.6.0, torch 2.13.0, numpy 2.3.4. Its losses are imported without its encoders, which need timm.
# Expected: near 0 for a clean batch found clean, rising with the number of false pixels; eps is documented as meant for samples that belong to one class
# Happens: eps is added to all four counts, and where two of them hold nothing else the ratio is a half. A single false pixel of 131072 makes the loss 0.998, and
#   1310 of them 1.000, with a gradient of 2e-8 at a clean pixel, where it is 1.5e-4 in a batch that holds a defect
# Hurt: who trains on strip, most of which is clean, in small batches: those without a defect push nowhere, and the loss's floor is half their share
# Here: no MCC loss; the losses are those of tsernet/losses.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.13.0 numpy==2.3.4
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check --no-deps segmentation-models-pytorch==0.6.0
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys
import sysconfig
import types

import torch

package = types.ModuleType("segmentation_models_pytorch")
package.__path__ = [sysconfig.get_path("purelib") + "/segmentation_models_pytorch"]
sys.modules[package.__name__] = package
from segmentation_models_pytorch.losses import MCCLoss

torch.set_num_threads(1)
clean = torch.zeros(2, 1, 256, 256)
defect = clean.clone()
defect[0, 0, 50:60, 50:100] = 1
seen = {}
for name, truth in (("clean", clean), ("with a defect", defect)):
    for pixels in (0, 1, 1310):
        found = truth.clone()
        found[1].view(-1)[:pixels] = 1
        found.requires_grad_(True)
        loss = MCCLoss()(found, truth)
        loss.backward()
        seen[name, pixels] = round(float(loss), 4)
        print(f"batch {name}, {pixels} false pixels: loss {seen[name, pixels]}, gradient at a clean pixel {float(found.grad[1, 0, -1, -1]):.1e}")
flat = seen["clean", 0] == 0.5 and 0.99 < seen["clean", 1] < seen["clean", 1310] + 1e-6 < 1.001
sys.exit(not (flat and seen["with a defect", 0] < 0.001 and seen["with a defect", 1] < 0.01 and seen["with a defect", 1310] > 0.3))
PYTHON
