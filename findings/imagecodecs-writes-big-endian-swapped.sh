#!/usr/bin/env bash
# imagecodecs' JPEG 2000 and TIFF encoders write big-endian frames with their bytes swapped, its other encoders refuse them
#
# Seen: 2026-11-29 with imagecodecs 2026.3.6, numpy 2.3.4.
# Expected: the values, or a refusal, as PNG, JPEG XL, JPEG LS, JPEG XR, lossless JPEG and LERC give
# Happens: jpeg2k_encode, htj2k_encode and tiff_encode take an array of >u2 and store its bytes as if they lay the other way round: 4000 comes back as
#   40975. No warning
# Hurt: who archives frames from 16-bit PGM, FITS, Motorola TIFF or network buffers in JPEG 2000: each frame is noise over all 16 bits, stored
#   without loss, and the original is gone
# Here: images are decoded to the machine's byte order in one place (tsernet/images).
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

frame = np.arange(4000, 4096, dtype=np.uint16).repeat(48).reshape(96, 48)
swapped, refused = [], []
for name in ("jpeg2k", "htj2k", "tiff", "png", "jpegxl", "jpegls", "jpegxr", "ljpeg", "lerc"):
    encode, decode = (getattr(imagecodecs, f"{name}_{action}") for action in ("encode", "decode"))
    assert np.array_equal(decode(encode(frame)), frame)
    try:
        back = decode(encode(frame.astype(">u2")))
    except ValueError as error:
        refused.append(name)
        print(f"{name}: >u2 refused: {error}")
    else:
        print(f"{name}: >u2 {frame[0, 0]} comes back as {back[0, 0]}")
        swapped += [name] if np.array_equal(back, frame.byteswap()) else []
sys.exit(not (swapped == ["jpeg2k", "htj2k", "tiff"] and len(refused) == 6))
PYTHON
