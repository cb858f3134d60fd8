#!/usr/bin/env bash
# Albumentations' RandomGamma raises 16-bit pixels themselves to the power: a gamma that brightens makes 4095 to 776
#
# Seen: 2026-11-27 with albumentations 2.0.8, opencv-python-headless 5.0.0.93.
# Expected: the range is kept: pixel / maximum to the power, times the maximum, as for uint8; a gamma of 0.8 brightens
# Happens: uint16 is not scaled first; the result is float64 and five times darker, and gamma 1.2 gives 20000
# Hurt: who adds a gamma to the augmentation of 12-bit frames: brightness varies thirtyfold where a few per cent were meant
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 albumentations==2.0.8 albucore==0.0.24 opencv-python-headless==5.0.0.93
cd "$folder"
export NO_ALBUMENTATIONS_UPDATE=1
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import albumentations as A
import numpy as np

frame = np.linspace(0, 4095, 64 * 64).astype(np.uint16).reshape(64, 64)
eight = (frame >> 4).astype(np.uint8)
transform = A.Compose([A.RandomGamma(gamma_limit=(80, 80), p=1)])
of8, of16 = transform(image=eight)["image"], transform(image=frame)["image"]
print(f"gamma 0.8, uint8: mean {eight.mean():.1f} to {of8.mean():.1f}, {of8.dtype}, maximum {of8.max()}")
print(f"gamma 0.8, uint16: mean {frame.mean():.1f} to {of16.mean():.1f}, {of16.dtype}, maximum {of16.max():.1f}")
sys.exit(not (of8.mean() > eight.mean() and of8.dtype == np.uint8 and of16.max() < 800 and of16.dtype == np.float64))
PYTHON
