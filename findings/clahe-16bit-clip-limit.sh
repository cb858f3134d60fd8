#!/usr/bin/env bash
# SURPRISE: OpenCV's CLAHE has no clip limit left to set on a small 16-bit image: limits from 0.01 to 200 give the same pixels on 200 x 200 and stretch a range of 550 levels to 25,000; on 8 bits they give different images.
# HURTS: Whoever raises the contrast of 16-bit crops or tiles before a network, and tunes clipLimit: the parameter does nothing, then jumps.
# VERSIONS: 2026-11-27, opencv-python-headless 5.0.0.93 (4.14.0.94 alike), numpy 2.4.6, Python 3.11
# EXPECTED: A limit of 2 bounds the contrast to about twice, at 16 bits as at 8.
# SEEN: The limit is a count in one of 65,536 bins: clipLimit * pixels of a tile / 65536, at least 1. A tile of 25 x 25 pixels has 625, so everything up to 209 means 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import cv2
import numpy as np

frame = np.clip(np.random.default_rng(0).normal(2000, 60, (200, 200)), 0, 4095).astype(np.uint16)
print(f"16-bit frame: {frame.min()}..{frame.max()}")
results = {}
for bits, image in ((16, frame), (8, (frame >> 4).astype(np.uint8))):
    for limit in (0.01, 2, 40, 200):
        out = cv2.createCLAHE(clipLimit=limit, tileGridSize=(8, 8)).apply(image)
        results[bits, limit] = out
        print(f"{bits:2} bits, clipLimit {limit:6}: {out.min()}..{out.max()}, standard deviation {out.std():.1f}")
same = {bits: all(np.array_equal(results[bits, 2], results[bits, limit]) for limit in (0.01, 40, 200)) for bits in (16, 8)}
print("the same pixels for all four limits:", same)
assert same == {16: True, 8: False}
assert int(results[16, 0.01].max()) - int(results[16, 0.01].min()) > 20 * (int(frame.max()) - int(frame.min()))
PY
