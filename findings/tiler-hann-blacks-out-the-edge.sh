#!/usr/bin/env bash
# Tiler puts tiles together with a Hann window and leaves the first row and the first column of the strip at zero
#
# Seen: 2026-11-29 with tiler 0.6.0, numpy 2.3.4, scipy 1.17.1.
# Expected: tiles that are left as they are give the image again, as they do with no window, with "boxcar" and with "triang"
# Happens: the window's first value is 0 and nothing else covers the outermost row and column, so that they come out as 0; neither the
#   extension of the image (padding) nor the weights that the merger divides by help, and nothing is said
# Hurt: a saliency map put together of tiles has a black border at one edge of the strip, where edge cracks begin
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check tiler==0.6.0 numpy==2.3.4 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from tiler import Merger, Tiler

strip = np.random.default_rng(0).integers(100, 4000, (200, 520)).astype(np.float32)
seen = {}
for window in ("boxcar", "triang", "hann"):
    tiler = Tiler(data_shape=strip.shape, tile_shape=(128, 128), overlap=0.5, mode="reflect")
    merger = Merger(tiler, window=window)
    for number, tile in tiler(strip):
        merger.add(number, tile)
    merged = merger.merge(unpad=True)
    lost = np.argwhere(np.abs(merged - strip) > 1)
    seen[window] = len(lost)
    at_the_edge = bool((lost.min(axis=1, initial=200) == 0).all()) and not merged[tuple(lost.T)].any()
    print(f"{window}: {len(lost)} pixels differ" + (", all of them in the first row or column, and 0" if len(lost) and at_the_edge else ""))
sys.exit(seen != {"boxcar": 0, "triang": 0, "hann": 200 + 520 - 1})
PYTHON
