#!/usr/bin/env bash
# Albumentations' RandomBrightnessContrast shifts 12-bit frames by a share of 65535
#
# Seen: 2026-11-27 with albumentations 2.0.8, opencv-python-headless 5.0.0.93.
# Expected: brightness_limit 0.1 is a tenth of the image's range (brightness_by_max says "maximum of the image's dtype")
# Happens: a frame of 0 to 4095 in uint16 is raised by 6553, above its own white; a negative draw clips every pixel to 0
# Hurt: 12-bit data in 16-bit arrays, the normal case: half of the augmented frames are black, the others out of any range the model meets
#   later
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
seen = []
for limit in (0.1, -0.1):
    transform = A.RandomBrightnessContrast(brightness_limit=(limit, limit), contrast_limit=(0, 0), p=1)
    image = A.Compose([transform])(image=frame)["image"]
    seen.append((int(image.min()), int(image.max())))
    print(f"0 to 4095, brightness {limit:+}: {seen[-1][0]} to {seen[-1][1]}")
sys.exit(seen != [(6553, 10648), (0, 0)])
PYTHON
