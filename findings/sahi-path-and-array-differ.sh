#!/usr/bin/env bash
# SAHI cuts a 12-bit frame that it is given as a file at 255, and leaves the same frame as an array alone
#
# Seen: 2026-11-29 with sahi 0.12.8, numpy 2.3.4, pillow 12.3.0, tifffile 2026.3.3.
# Expected: the same slices from a file as from its pixels; or a refusal of more than 8 bits
# Happens: slices of the array are uint16 with all their levels; slices of the PNG or TIFF are uint8 RGB in which every level above 255 is
#   255. Nothing is said
# Hurt: strip that is sliced for training or for a sliced prediction: a model that was tried on arrays gets white frames, with the defects
#   gone, as soon as it is given the folder
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check sahi==0.12.8 numpy==2.3.4 pillow==12.3.0 tifffile==2026.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import tifffile
from PIL import Image
from sahi.slicing import slice_image

strip = np.full((300, 900), 1200, np.uint16)  # steel
strip[100:140, 300:600] = 3000  # a defect
Image.fromarray(strip).save("strip.png")
tifffile.imwrite("strip.tif", strip)
seen = {}
for name, given in (("array", strip), ("png", "strip.png"), ("tif", "strip.tif")):
    slices = slice_image(given, slice_height=256, slice_width=256).images
    levels = np.unique(np.concatenate([np.unique(one) for one in slices]))
    seen[name] = str(slices[0].dtype), levels.tolist()
    print(f"{name}: {seen[name][0]}, levels {seen[name][1]}")
sys.exit(seen != {"array": ("uint16", [1200, 3000]), "png": ("uint8", [255]), "tif": ("uint8", [255])})
PYTHON
