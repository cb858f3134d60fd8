#!/usr/bin/env bash
# imagecodecs' AVIF ignores level for grey frames: every quality is lossless
#
# Seen: 2026-11-29 with imagecodecs 2026.3.6, numpy 2.3.4.
# Expected: a smaller file with some error for a level of 10 or 50, as for colour, and as JPEG XL and JPEG XR give it for grey
# Happens: a grey frame is coded without loss whatever the level is, with the very same bytes, at 8 bits and at 12. A colour frame of the same pixels at
#   level 50 is a fraction of that. No warning
# Hurt: who picks AVIF and a quality for an archive of grey frames, by trial on colour images: it fills up many times as fast as was reckoned, and a comparison
#   of codecs at a given quality says that AVIF compresses badly and never errs
# Here: images are not stored as AVIF.
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
frame = (1500 + 2 * columns + np.random.default_rng(0).normal(0, 8, (256, 256))).round().astype(np.uint16)
grey = (frame >> 4).astype(np.uint8)
seen = {}
for name, image, options in (("grey, 8 bits", grey, {}), ("grey, 12 bits", frame, {"bitspersample": 12}), ("the same as colour", np.dstack([grey] * 3), {})):
    for level in (None, 10, 50, 90):
        coded = imagecodecs.avif_encode(image, level=level, **options)
        error = np.abs(imagecodecs.avif_decode(coded).astype(int) - image).max()
        seen[name, level] = bytes(coded), int(error)
        print(f"{name}, level {level}: {len(coded)} bytes, largest error {error}")
same = all(seen[name, level] == (seen[name, None][0], 0) for name in ("grey, 8 bits", "grey, 12 bits") for level in (10, 50, 90))
smaller = 4 * len(seen["the same as colour", 50][0]) < len(seen["grey, 8 bits", 50][0]) and seen["the same as colour", 50][1] > 0
sys.exit(not (same and smaller))
PYTHON
