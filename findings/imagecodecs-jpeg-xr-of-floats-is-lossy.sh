#!/usr/bin/env bash
# imagecodecs' JPEG XR without loss changes float32 maps in the fourth digit, and makes what is below 0.00001 zero
#
# Seen: 2026-11-29 with imagecodecs 2026.3.6, numpy 2.3.4.
# Expected: equal values: level=None is lossless for 8 and 16 bits, and JPEG XL, ZFP, LERC and TIFF are so for float32 by default
# Happens: a float is reduced to about 13 bits of mantissa and a smaller exponent before it is coded: 0.001 comes back as 0.00100708, 0.9999 as 0.99987793,
#   0.000001 as 0, also with level=100. No warning
# Hurt: who archives saliency maps: nearly all pixels of clean steel are below 0.00001, so that their logarithm is -inf, and a threshold on the archived map marks
#   other pixels than one on the original
# Here: maps are not stored in JPEG XR.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check imagecodecs==2026.3.6 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import imagecodecs
import numpy as np

values = np.array([1e-7, 1e-6, 1e-4, 1e-3, 0.1, 0.9, 0.9999, 1], np.float32)
saliency = np.tile(values, (16, 2))
levels = np.tile(np.array([0, 1, 17, 4000, 4095, 65535, 3, 2], np.uint16), (16, 2))
seen = {}
for name in ("jpegxr", "jpegxl", "zfp", "lerc", "tiff"):
    encode, decode = (getattr(imagecodecs, f"{name}_{action}") for action in ("encode", "decode"))
    back = decode(encode(saliency))
    seen[name] = bool(np.array_equal(back, saliency))
    print(f"{name}: {'equal' if seen[name] else 'not equal'}:", [float(f"{value:.6g}") for value in back[0, :8]])
back = imagecodecs.jpegxr_decode(imagecodecs.jpegxr_encode(saliency, level=100))[0, :8]
integers = np.array_equal(imagecodecs.jpegxr_decode(imagecodecs.jpegxr_encode(levels)), levels)
print("jpegxr, level=100:", [float(f"{value:.6g}") for value in back], "; 16-bit integers equal:", integers)
lossy = not seen.pop("jpegxr") and back[0] == back[1] == 0 and abs(back[3] / values[3] - 1) > 0.005
sys.exit(not (lossy and integers and all(seen.values())))
PYTHON
