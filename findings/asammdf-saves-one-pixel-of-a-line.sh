#!/usr/bin/env bash
# asammdf saves one number of each line of 12-bit pixels, and a whole line of 8-bit ones
#
# Seen: 2026-11-30 with asammdf 8.8.28, numpy 2.2.6, pandas 2.3.3.
# Expected: the lines, as uint8 gives them; or a refusal, as in the format 3.30
# Happens: samples of two dimensions are taken, of any type. Of other types than uint8 one number is kept for each time: not even the first of its
#   line, but the numbers of the first lines one after the other. Before the file is saved get() has the shape of the lines, with other values;
#   afterwards it has one number for each time. There is no warning, and the other channels are right
# Hurt: who records the profile of the strip beside its speed, and tried it with 8 bits: of 1000 lines of 4000 pixels the first 1000 pixels of
#   the first line are kept, as a channel that looks like any other, which is seen after the coil is gone
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check asammdf==8.8.28 numpy==2.2.6 pandas==2.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from asammdf import MDF, Signal

times = np.arange(6) / 10
good = True
for kind in (np.uint8, np.uint16, np.int32, np.float64):
    lines = (np.arange(24) + 100).astype(kind).reshape(6, 4)
    file = MDF(version="4.10")
    file.append([Signal(np.arange(6.0) + 50, times, name="speed"), Signal(lines, times, name="line")], common_timebase=True)
    before = file.get("line").samples
    file.save("coil.mf4", overwrite=True)
    file.close()
    with MDF("coil.mf4") as file:
        after, speed = file.get("line").samples, file.get("speed").samples
    print(f"{np.dtype(kind).name}: {lines.shape} written, {before.shape} before saving, {after.shape} read: {after.tolist()}")
    whole = kind is np.uint8
    good &= np.array_equal(before, lines) == whole and np.array_equal(after, lines if whole else lines.ravel()[:6])
    good &= np.array_equal(speed, np.arange(6) + 50)
sys.exit(not good)
PYTHON
