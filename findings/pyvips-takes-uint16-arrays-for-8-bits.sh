#!/usr/bin/env bash
# pyvips takes a uint16 NumPy frame for one of 8 bits: its PNG and its sharpened image are plain white
#
# Seen: 2026-11-30 with pyvips 3.2.0, pyvips-binary 8.18.7, numpy 2.2.6.
# Expected: what happens to the same pixels read from a TIFF: a PNG of 16 bits, sharpened levels of 16 bits
# Happens: new_from_array labels a grey uint16 array "b-w", which stands for 8 bits, unless it is given interpretation="auto" or "grey16". The
#   pixels are right and go to TIFF unchanged, but pngsave writes 8 bits and sharpen and thumbnail_image give 8 bits, all cut at 255: white
# Hurt: who passes 12-bit frames from a camera or from OpenCV through pyvips: each is white in the archive of PNG or before the network, without
#   a warning, and a trial on files of TIFF was right
# Here: pyvips is not used.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check 'pyvips[binary]==3.2.0' pyvips-binary==8.18.7 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import pyvips

frame = np.random.default_rng(0).integers(1000, 3000, (40, 60)).astype(np.uint16)
pyvips.Image.new_from_array(frame).write_to_file("frame.tif")
sources = {
    "array": pyvips.Image.new_from_array(frame),
    "array, auto": pyvips.Image.new_from_array(frame, interpretation="auto"),
    "TIFF of it": pyvips.Image.new_from_file("frame.tif"),
}
seen = {}
for number, (name, image) in enumerate(sources.items()):
    image.write_to_file(f"{number}.png")
    results = {
        "itself": image,
        "PNG": pyvips.Image.new_from_file(f"{number}.png"),
        "sharpened": image.sharpen(),
    }
    seen[name] = {what: (result.format, int(result.min()), int(result.max())) for what, result in results.items()}
    print(f"{name} ({image.interpretation}):", ", ".join(f"{what} {a} {b}..{c}" for what, (a, b, c) in seen[name].items()))
    assert seen[name]["itself"] == ("ushort", int(frame.min()), int(frame.max()))
white = "uchar", 255, 255
deep = all(seen[name][what][0] == "ushort" and seen[name][what][2] > 2900 for name in ("array, auto", "TIFF of it") for what in ("PNG", "sharpened"))
sys.exit(not (deep and seen["array"]["PNG"] == seen["array"]["sharpened"] == white))
PYTHON
