#!/usr/bin/env bash
# A 12-bit JPEG XL comes out of Pillow's plug-in stretched to 65535, and out of imagecodecs as 0 to 4095
#
# Seen: 2026-11-27 with pillow-jxl-plugin 1.3.8, Pillow 12.3.0, imagecodecs 2026.3.6.
# Expected: 0 to 4095, as in the file, or times 16, as Pillow gives JPEG 2000 of 12 bits
# Happens: values are multiplied by 65535 / 4095 = 16.004, a third rule beside keeping and shifting
# Hurt: who compares frames or subtracts a dark frame across formats: 12 bits from JPEG 2000 and from JPEG XL differ by up to 15 levels in
#   the same library
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 pillow==12.3.0 pillow-jxl-plugin==1.3.8 imagecodecs==2026.3.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from pathlib import Path

import imagecodecs
import numpy as np
import pillow_jxl  # registers the format
from PIL import Image

frame = np.arange(4096, dtype=np.uint16).reshape(64, 64)
Path("frame.jxl").write_bytes(imagecodecs.jpegxl_encode(frame, lossless=True, bitspersample=12))
Path("frame.jp2").write_bytes(imagecodecs.jpeg2k_encode(frame, level=0, bitspersample=12))
images = {
    "imagecodecs, JPEG XL": imagecodecs.jpegxl_decode(Path("frame.jxl").read_bytes()),
    "Pillow, JPEG XL": np.asarray(Image.open("frame.jxl")),
    "Pillow, JPEG 2000": np.asarray(Image.open("frame.jp2")),
}
for name, image in images.items():
    print(f"{name}: 4095 is read as {image.max()}")
sys.exit([int(image.max()) for image in images.values()] != [4095, 65535, 65520])
PYTHON
