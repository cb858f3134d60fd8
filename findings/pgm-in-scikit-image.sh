#!/usr/bin/env bash
# SURPRISE: scikit-image reads a 16-bit PGM as int32, for which its own img_as_float(), resize() and rotate() give an all but black image (white is 0.00003), while the same pixels in PNG give 1.0.
# HURTS: Whoever has PGM files of an industrial camera: thresholds and networks see black, no error and no warning.
# VERSIONS: 2026-11-27, scikit-image 0.26.0, imageio 2.38.1, Pillow 12.3.0, numpy 2.4.6, Python 3.11
# EXPECTED: uint16 for both files, white is 1.0 for both.
# SEEN: Pillow opens PGM of more than 8 bits in its mode I (int32), imageio passes that on, and scikit-image scales int32 by 2**31 - 1.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check scikit-image==0.26.0 imageio==2.38.1 pillow==12.3.0 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
import skimage
import skimage.io
import skimage.transform
from PIL import Image

white = np.full((16, 16), 65535, np.uint16)
Image.fromarray(white).save("white.png")
with open("white.pgm", "wb") as file:
    file.write(b"P5 16 16 65535\n" + white.astype(">u2").tobytes())
seen = {}
for name in ("white.png", "white.pgm"):
    pixels = skimage.io.imread(name)
    as_float = float(skimage.img_as_float(pixels).max())
    resized = float(skimage.transform.resize(pixels, (8, 8)).max())
    seen[name] = (pixels.dtype.name, int(pixels.max()), as_float, resized)
    print(f"{name}: {pixels.dtype} {pixels.max()}, img_as_float {as_float:.6f}, resize {resized:.6f}")
assert seen["white.png"][:3] == ("uint16", 65535, 1.0) and seen["white.png"][3] > 0.99
assert seen["white.pgm"][:2] == ("int32", 65535) and max(seen["white.pgm"][2:]) < 0.0001
PY
