#!/usr/bin/env bash
# imagecodecs' JPEG XL of quality 80 erases a scratch from a 12-bit frame, and keeps it with bitspersample=12
#
# Seen: 2026-11-29 with imagecodecs 2026.3.6, numpy 2.3.4.
# Expected: much the same image for a quality of 80 whether the unused four bits are told or not; without loss (level=None) it is
# Happens: quality is what an eye would see. An array of uint16 is taken for 16 bits, where 12-bit levels are nearly black, and an eye sees little: of a
#   scratch one pixel wide, 80 levels dark and ten times the noise, nothing is left at 80 and half at 90. With bitspersample=12, or with the
#   levels times 16, 80 keeps all of it
# Hurt: who archives 12-bit frames with JPEG XL at a quality known from 8-bit images: thin defects of low contrast are gone, and the frame looks as before
# Here: images are read, not written, in JPEG XL.
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

rows, columns = np.mgrid[:256, :256]
frame = 1500 + 2 * columns + np.random.default_rng(0).normal(0, 8, (256, 256))
frame[:, 100] -= 80
frame = frame.round().astype(np.uint16)
seen = {}
for name, factor, options in (("uint16 as it is", 1, {}), ("bitspersample=12", 1, {"bitspersample": 12}), ("times 16", 16, {})):
    for level in (None, 80, 90):
        coded = imagecodecs.jpegxl_encode(frame * np.uint16(factor), level=level, **options)
        back = imagecodecs.jpegxl_decode(coded) / factor
        seen[name, level] = float(np.median(back[:, [97, 103]].mean(axis=1) - back[:, 100]))
        print(f"{name}, level {level}: {len(coded)} bytes, depth of the scratch {seen[name, level]:.0f} of 80 levels")
told = [seen[name, 80] for name in ("bitspersample=12", "times 16")]
sys.exit(not (abs(seen["uint16 as it is", 80]) < 15 and min(told) > 60 and seen["uint16 as it is", 90] < 50 and seen["uint16 as it is", None] > 70))
PYTHON
