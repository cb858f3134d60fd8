#!/usr/bin/env bash
# Albumentations' MedianBlur, Downscale, AutoContrast and ImageCompression turn a 16-bit image white
#
# Seen: 2026-11-27 with albumentations 2.0.8, albucore 0.0.24, opencv-python-headless 5.0.0.93.
# Expected: an error, as of CLAHE and Equalize, or uint16 out
# Happens: the result is float32 and 255 (or 1.0) nearly everywhere, without an exception; GaussianBlur, Rotate and Resize are right
# Hurt: training on 12-bit frames: with p=0.2 each, half of the samples are a white image with a mask of defects, and the loss still falls
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 albumentations==2.0.8 albucore==0.0.24 opencv-python-headless==5.0.0.93
cd "$folder"
export NO_ALBUMENTATIONS_UPDATE=1 OPENCV_LOG_LEVEL=SILENT
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import albumentations as A
import numpy as np

frame = np.random.default_rng(0).integers(300, 4096, (64, 96)).astype(np.uint16)
seen = {}
for transform in (A.GaussianBlur(p=1), A.MedianBlur(p=1), A.Downscale(p=1), A.ImageCompression(p=1), A.AutoContrast(p=1)):
    name = type(transform).__name__
    image = A.Compose([transform], seed=1)(image=frame)["image"]
    top = float((image == image.max()).mean())
    seen[name] = (str(image.dtype), top > 0.9)
    print(f"{name}: {image.dtype}, {image.min():.0f} to {image.max():.0f}, {top:.0%} of the pixels at the top value")
expected = {name: ("float32", True) for name in seen}
expected["GaussianBlur"] = ("uint16", False)
sys.exit(seen != expected)
PYTHON
