#!/usr/bin/env bash
# libvips' thumbnail of a 16-bit grey image is 8 bits; resize keeps 16
#
# Seen: 2026-11-27 with pyvips 3.2.0 (libvips 8.18.7), tifffile 2026.3.3.
# Expected: uint16 of the same range, as from resize
# Happens: thumbnail converts to 8-bit grey by dividing by 256, so 12-bit values become 0 to 16
# Hurt: who shrinks frames with thumbnail, the call its documentation recommends for speed: 4096 levels become 17, and the image is nearly
#   black
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 pyvips==3.2.0 pyvips-binary==8.18.7 tifffile==2026.3.3
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pyvips
import tifffile

tifffile.imwrite("frame.tif", np.arange(4096, dtype=np.uint16).reshape(64, 64), photometric="minisblack")
images = {"resize": pyvips.Image.new_from_file("frame.tif").resize(0.5).numpy(), "thumbnail": pyvips.Image.thumbnail("frame.tif", 32).numpy()}
for name, image in images.items():
    print(f"{name} of uint16, 0 to 4095: {image.dtype}, {image.min()} to {image.max()}")
sys.exit(not (images["resize"].dtype == np.uint16 and images["resize"].max() > 4000 and images["thumbnail"].dtype == np.uint8 and images["thumbnail"].max() <= 16))
PYTHON
