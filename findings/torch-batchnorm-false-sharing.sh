#!/usr/bin/env bash
# torch's BatchNorm of 8 channels takes longer with two threads than with one
#
# Seen: 2026-11-30 with torch 2.13.0 (and 2.14.1), numpy 2.3.4, two cores of an AMD EPYC.
# Expected: half of the time, or little more, as with 16 channels
# Happens: in channels_last, in training, both passes over (8, 8, 80, 80) take 1.1 ms with one thread and 1.3 to 1.4 with two, and 12 or 24 channels are
#   no faster with two either; (8, 16, 80, 80), twice as much, takes 1.45 and 0.78. The threads' sums of the channels lie one behind the other, so that
#   where a row of channels fills no whole cache line (16 of them) two threads keep writing to one line
# Hurt: narrow networks, which are what trains on a CPU: a tenth of a whole training step on two cores, more on more cores
# Here: a training's layers see two pixels side by side as one of sixteen channels (tsernet/training/batchnorm_layers.py).
# Exits 1 if the behaviour is no longer the one stated; 77 on a machine with one core.
set -euo pipefail
[ "$(nproc)" -ge 2 ] || { echo "one core: nothing to see"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check torch==2.13.0 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
import time

import torch


def least(channels: int, threads: int) -> float:
    """Milliseconds of both passes, the least of a hundred."""
    torch.set_num_threads(threads)
    features = torch.randn(8, channels, 80, 80).contiguous(memory_format=torch.channels_last).requires_grad_()
    layer, gradient = torch.nn.BatchNorm2d(channels), torch.randn_like(features)
    seconds = []
    for _ in range(100):
        begin = time.perf_counter()
        layer(features).backward(gradient)
        seconds.append(time.perf_counter() - begin)
    return min(seconds) * 1000


share = {}
for channels in (8, 12, 16, 24, 32):
    one, two = least(channels, 1), least(channels, 2)
    share[channels] = two / one
    print(f"{channels} channels: one thread {one:.2f} ms, two {two:.2f} ms, {share[channels]:.2f}")
sys.exit(not (share[8] > 0.9 and share[16] < 0.8 and share[32] < 0.8))
PYTHON
