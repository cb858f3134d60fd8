#!/usr/bin/env bash
# imagecodecs' LERC stores NaN as 0, and an infinite value as it is
#
# Seen: 2026-11-29 with imagecodecs 2026.3.6, numpy 2.3.4.
# Expected: NaN, or a refusal: level=None stores without loss, which holds for all other values, and TIFF, ZFP and JPEG XL of the same module keep NaN
# Happens: NaN comes back as 0.0, in float32 and float64, with and without a level. That these pixels are no data is known only to lerc_decode with masks=True,
#   whose default is False. No warning
# Hurt: who archives maps or flat-field corrected frames in LERC: a dead sensor line, divided by 0, comes back as a score of 0, which is clean steel, and
#   no check for NaN finds it any more
# Here: maps are not stored with LERC.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check imagecodecs==2026.3.6 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" -W ignore - <<'PYTHON'
import sys

import imagecodecs
import numpy as np

saliency = np.random.default_rng(0).random((64, 80)).astype(np.float32) + 0.1
saliency[10:12] = np.nan
saliency[20, 20] = np.inf
broken = np.isnan(saliency)
seen = {}
for name, encode, decode in (
    ("LERC", imagecodecs.lerc_encode, imagecodecs.lerc_decode),
    ("LERC of float64", lambda image: imagecodecs.lerc_encode(image.astype(np.float64)), imagecodecs.lerc_decode),
    ("LERC, level=0.01", lambda image: imagecodecs.lerc_encode(image, level=0.01), imagecodecs.lerc_decode),
    ("TIFF", imagecodecs.tiff_encode, imagecodecs.tiff_decode),
    ("ZFP", imagecodecs.zfp_encode, imagecodecs.zfp_decode),
    ("JPEG XL", imagecodecs.jpegxl_encode, imagecodecs.jpegxl_decode),
):
    back = decode(encode(saliency))
    seen[name] = np.unique(back[broken]).tolist(), bool(np.isinf(back[20, 20]))
    error = float(np.abs(back - saliency)[np.isfinite(saliency)].max())
    print(f"{name}: NaN comes back as {seen[name][0]}, infinity is kept: {seen[name][1]}, largest error elsewhere {error:.2g}")
_, valid = imagecodecs.lerc_decode(imagecodecs.lerc_encode(saliency), masks=True)
print("pixels that masks=True marks as no data:", int((valid == 0).sum()), "of", int(broken.sum()))
zero = all(seen[name] == ([0.0], True) for name in seen if name.startswith("LERC"))
kept = all(np.isnan(seen[name][0]).all() for name in ("TIFF", "ZFP", "JPEG XL"))
sys.exit(not (zero and kept and np.array_equal(valid == 0, broken)))
PYTHON
