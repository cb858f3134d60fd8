#!/usr/bin/env bash
# SURPRISE: Pillow's paste() and composite() with an L mask treat a 16-bit image as rows of half the width: a row of 8 pixels under a mask of 128 changes only its first 4.
# HURTS: Whoever blends 16-bit tiles at their seams, or pastes defects into 16-bit images as augmentation.
# VERSIONS: 2026-11-27, Pillow 12.3.0, numpy 2.4.6, Python 3.11
# EXPECTED: Every pixel becomes 4000 * 128 / 255 = 2008, or Pillow refuses the mode.
# SEEN: The left half becomes 2128 (the bytes are blended one by one), the right half stays 0. With a mask of mode 1, or without one, paste() is right.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow==12.3.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from PIL import Image

bright, dark = Image.new("I;16", (8, 1), 4000), Image.new("I;16", (8, 1), 0)


def pasted(mask):
    target = dark.copy()
    target.paste(bright, (0, 0), mask)
    return np.asarray(target)[0].tolist()


bilevel = pasted(Image.new("1", (8, 1), 1))
full, half = pasted(Image.new("L", (8, 1), 255)), pasted(Image.new("L", (8, 1), 128))
mixed = np.asarray(Image.composite(bright, dark, Image.new("L", (8, 1), 128)))[0].tolist()
print("mask of mode 1   ", bilevel)
print("mask L of 255    ", full, "(4000 everywhere would be right)")
print("mask L of 128    ", half, "(2008 everywhere would be right)")
print("composite, L 128 ", mixed)
assert bilevel == [4000] * 8
assert full == [4000] * 4 + [0] * 4
assert half == mixed and half[4:] == [0] * 4 and all(abs(value - 2008) > 100 for value in half)
PY
