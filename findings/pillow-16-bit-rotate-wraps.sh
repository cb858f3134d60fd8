#!/usr/bin/env bash
# Pillow rotates a 16-bit grey image into 8-bit noise, unless the filter is NEAREST
#
# Seen: 2026-11-27 with Pillow 12.3.0.
# Expected: rotate and transform work as resize does for the mode I;16, or refuse it as blur does
# Happens: with BILINEAR or BICUBIC no value of the result exceeds 255: the filter runs over single bytes; no error or warning
# Hurt: augmentation and deskewing of 12-bit frames; resize is right, which hides it
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.3.4 pillow==12.3.0
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from PIL import Image

values = np.full((64, 64), 3000, np.uint16)
image, exact = Image.fromarray(values), Image.fromarray(values.astype(np.float32))
seen = {}
for name in ("NEAREST", "BILINEAR", "BICUBIC"):
    method = Image.Resampling[name]
    seen[name] = int(np.asarray(image.rotate(5, method))[32, 32])
    print(f"{image.mode} of 3000, rotated by 5 degrees, {name}: centre {seen[name]}; as F {np.asarray(exact.rotate(5, method))[32, 32]:.0f}")
resized = int(np.asarray(image.resize((32, 32), Image.Resampling.BILINEAR))[16, 16])
print("resized, BILINEAR: centre", resized)
sys.exit(not (seen["NEAREST"] == resized == 3000 and max(seen["BILINEAR"], seen["BICUBIC"]) < 256))
PYTHON
