#!/usr/bin/env bash
# torch's BatchNorm in training gives 1.0 as the mean of values between 1 and 2, on large images in channels_last on a CPU
#
# Seen: 2026-11-30 with torch 2.13.0 (and 2.14.1), numpy 2.3.4, one thread.
# Expected: the statistics of (B, C, H, W) do not depend on how it lies in memory, and are right to some 1e-6
# Happens: in channels_last each channel is added up one pixel after the other in float32, which stops growing where a value is less than half of the
#   sum's last place: 8192 x 4096 values of mean 1.5 have the mean 1.0 and the variance 0.32 instead of 0.083, twice as many the mean 0.5. At 4096 x 4096
#   the mean is 1.667. With n threads this begins at n times as many. Contiguous, or by torch.var_mean, it is right. No warning
# Hurt: who trains or renews BatchNorm's statistics on a CPU with whole strips, or large batches, in the layout that is advised for CPUs: the running
#   statistics, and with them every later map, are wrong
# Here: a step of the presets has at most 400,000 pixels a channel, where the variance is right to 1e-5; wide images are cut into crops before that.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.13.0 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import torch

torch.set_num_threads(1)
torch.manual_seed(0)
right = True
for height, mean_seen in ((1024, 1.5), (4096, 1.6667), (8192, 1.0), (16384, 0.5)):
    image = torch.rand(1, 2, height, 4096) + 1
    for layout in (torch.contiguous_format, torch.channels_last):
        layer = torch.nn.BatchNorm2d(2, momentum=1.0)
        with torch.no_grad():
            layer(image.contiguous(memory_format=layout))
        mean, variance = float(layer.running_mean[0]), float(layer.running_var[0])
        print(f"{height} x 4096 pixels of 1 to 2, {layout}: mean {mean:.4f}, variance {variance:.4f}")
        expected = 1.5 if layout is torch.contiguous_format else mean_seen
        right = right and abs(mean - expected) < 0.001
sys.exit(not right)
PYTHON
