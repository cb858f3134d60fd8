#!/usr/bin/env bash
# libvips' sobel, scharr and prewitt of a 12-bit frame are 8 bits, and all edges of more than 64 levels are equally strong
#
# Seen: 2026-11-30 with pyvips 3.2.0, pyvips-binary 8.18.7, numpy 2.2.6.
# Expected: 16 bits or float, as canny gives; the documentation has 8-bit images computed fast at low precision and says to cast to float for a
#   high-precision implementation
# Happens: the result is uchar whatever the format is, also after the cast to float, and is cut at 255: a step of 64 levels and one of 2000 have
#   the same strength, with scharr those from 16 on
# Hurt: who finds edges of defects by a threshold on 12-bit frames: the noise of bright steel, tens of levels, is as strong as a crack
# Here: no edges are taken by libvips.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check 'pyvips[binary]==3.2.0' pyvips-binary==8.18.7 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pyvips

seen = {}
for step in (10, 100, 2000):
    frame = np.full((40, 60), 1000, np.uint16)
    frame[:, 30:] += step
    image = pyvips.Image.new_from_array(frame, interpretation="grey16")
    for name in ("sobel", "scharr", "prewitt", "canny"):
        for kind in ("ushort", "float"):
            result = getattr(image.cast(kind), name)()
            seen[name, kind, step] = result.format, round(result.max())
for name in ("sobel", "scharr", "prewitt", "canny"):
    for kind in ("ushort", "float"):
        print(f"{name} of {kind}:", ", ".join(f"step {step} gives {seen[name, kind, step]}" for step in (10, 100, 2000)))
cut = all(seen[name, kind, step] == ("uchar", 255) for name in ("sobel", "scharr", "prewitt") for kind in ("ushort", "float") for step in (100, 2000))
sys.exit(not (cut and seen["canny", "ushort", 2000][0] == "float" and seen["canny", "ushort", 2000][1] > 2000))
PYTHON
