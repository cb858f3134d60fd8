#!/usr/bin/env bash
# ruptures' clinear model finds another change point in the same signal where it is held as unsigned integers
#
# Seen: 2026-11-29 with ruptures 1.1.10, numpy 2.3.4, scipy 1.17.1.
# Expected: the same change point for every type that holds the values; l1, l2, normal, rank, rbf, linear and ar give it
# Happens: the slope of a segment is its last value minus its first one in the signal's own type, so that on uint8 and uint16 each segment that falls has
#   a slope of about +256 or +65536 divided by its length. A level that falls for sixty frames and then rises for sixty turns at frame 107
#   instead of 60. No warning
# Hurt: who looks for the moment at which a mean grey level began to drift, with levels as a camera gives them: the moment is wrong by most of the
#   coil wherever the level falls, and right wherever it rises
# Here: no change points are looked for; drift is the distance from the median in robust deviations.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check ruptures==1.1.10 numpy==2.3.4 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import ruptures

level = np.concatenate([np.linspace(200, 50, 60), np.linspace(50, 250, 60)]).round() + np.random.default_rng(0).integers(-2, 3, 120)
seen = {}
for name, signal in (("falls, then rises", level), ("rises only", np.sort(level))):
    for kind in (np.float64, np.float32, np.int16, np.uint8, np.uint16):
        for model in ("clinear", "l2", "ar"):
            assert np.array_equal(signal.astype(kind), signal)
            found = ruptures.Dynp(model=model, min_size=5, jump=1).fit(signal.astype(kind)).predict(n_bkps=1)
            seen[name, model, np.dtype(kind).name] = int(found[0])
    for model in ("clinear", "l2", "ar"):
        print(f"{name}, {model}:", {key[2]: value for key, value in seen.items() if key[:2] == (name, model)})
falling = [seen["falls, then rises", "clinear", kind] for kind in ("float64", "float32", "int16", "uint8", "uint16")]
others = all(seen[name, model, kind] == seen[name, model, "float64"] for name, model, kind in seen if (name, model) != ("falls, then rises", "clinear"))
sys.exit(not (others and falling[:3] == [60] * 3 and min(falling[3:]) > 100))
PYTHON
