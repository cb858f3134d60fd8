#!/usr/bin/env bash
# SURPRISE: Pillow's ImageStat and histogram() of a 16-bit image count its two bytes as two samples, so that the mean of a flat 4000 is 87.5; getextrema() of the same image is right.
# HURTS: Whoever takes mean and standard deviation of 16-bit camera images for normalisation, or looks for dark and overexposed frames.
# VERSIONS: 2026-11-27, Pillow 12.3.0, numpy 2.4.6, Python 3.11
# EXPECTED: Mean 4000, or "image has wrong mode".
# SEEN: Mean 87.5 = (15 + 160) / 2, since 4000 is 15 * 256 + 160; a histogram of 256 bins; an image of 65280 looks half black. No warning.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow==12.3.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
from PIL import Image, ImageStat

for value in (4000, 65280):
    image = Image.fromarray(np.full((4, 4), value, np.uint16))
    counts = {level: count for level, count in enumerate(image.histogram()) if count}
    print(f"flat {value}: mean {ImageStat.Stat(image).mean[0]}, getextrema {image.getextrema()}, histogram {counts} of 16 pixels")
    low, high = value % 256, value // 256
    assert image.getextrema() == (value, value)
    assert len(image.histogram()) == 256 and counts == {low: 8, high: 8}
    assert ImageStat.Stat(image).mean[0] == (low + high) / 2
PY
