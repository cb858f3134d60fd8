#!/usr/bin/env bash
# ImageStat and histogram() of a 16-bit grey image count bytes that are no grey levels
#
# Seen: 2026-11-27 with Pillow 12.3.0.
# Expected: the mean of the pixels, or an error
# Happens: ImageStat takes both bytes of each pixel for pixels of their own: an image of 300 everywhere has the mean 22.5 and the extrema
#   (1, 44), while getextrema() says (300, 300)
# Hurt: exposure checks and normalisation constants taken with ImageStat from 12-bit frames
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
from PIL import Image, ImageStat

image = Image.fromarray(np.full((8, 8), 300, np.uint16))
statistics = ImageStat.Stat(image)
print("every pixel is 300, mode", image.mode)
print("ImageStat mean:", statistics.mean, "extrema:", statistics.extrema)
print("getextrema():", image.getextrema())
print("histogram():", {level: count for level, count in enumerate(image.histogram()) if count})
sys.exit(not (statistics.mean == [22.5] and statistics.extrema == [(1, 44)] and image.getextrema() == (300, 300)))
PYTHON
