#!/usr/bin/env bash
# SURPRISE: Pillow opens a big-endian 16-bit TIFF as mode I;16B, and resize() swaps its bytes: a flat 4000 (0x0FA0) comes out as values that have nothing to do with it.
# HURTS: Whoever resizes 16-bit TIFFs of microscopes, scanners and old Macintosh programs; the same pixels saved little-endian are resized right.
# VERSIONS: 2026-11-27, Pillow 12.3.0, tifffile 2026.3.3, numpy 2.4.6, Python 3.11
# EXPECTED: The byte order of a file is the decoder's business: both files give the same image before and after resize().
# SEEN: np.asarray() agrees for both, resize() of the ramp does not; getextrema() raises "image has wrong mode" for the big-endian one.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pillow==12.3.0 tifffile==2026.3.3 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" - <<'PY'
import numpy as np
import tifffile
from PIL import Image

ramp = np.linspace(100, 4000, 64).astype(np.uint16)[None].repeat(64, 0)
resized = {}
for order in "<>":
    tifffile.imwrite("ramp.tif", ramp, byteorder=order)
    with Image.open("ramp.tif") as image:
        assert np.array_equal(np.asarray(image), ramp)
        try:
            extrema = str(image.getextrema())
        except ValueError as error:
            extrema = f"raises {error}"
        small = np.asarray(image.resize((8, 8), Image.Resampling.BILINEAR)).astype(int)
        resized[order] = small[0]
        print(f"byte order {order} mode {image.mode:5} extrema {extrema:28} resized to 8: {small[0].tolist()}")
assert np.all(np.diff(resized["<"]) > 0) and resized["<"].min() >= 100 and resized["<"].max() <= 4000
assert not np.all(np.diff(resized[">"]) > 0) and resized[">"].max() > 10_000
PY
