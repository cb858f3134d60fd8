#!/usr/bin/env bash
# h5py's scaleoffset stores every value below one step as 0, with twice the error that its documentation allows
#
# Seen: 2026-11-29 with h5py 3.16.0, numpy 2.4.6.
# Expected: "absolute error less than 0.5*10**(-scaleoffset)" for floats, as the documentation says: 0.009 with two digits is stored as 0.01
# Happens: what differs by less than a whole step from the fill value, 0 by default, becomes the fill value, without a
#   warning. With scaleoffset=2 0.0099 is read back as 0, and 0.011 as it was; with fillvalue=-1 each is 0.01
# Hurt: who archives saliency maps, nearly all of whose pixels are small, or shares of defect pixels: 0.0009 of a frame with three digits is
#   no defect at all, and a series of such shares has the mean 0 instead of 0.001
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check h5py==3.16.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import h5py
import numpy as np

values = np.array([0, 0.004, 0.006, 0.009, 0.0099, 0.011, 0.016, 0.5], np.float32)
seen = {}
for name, options in (("fill value as it is", {}), ("fillvalue=-1", {"fillvalue": -1})):
    with h5py.File("maps.h5", "w") as file:
        file.create_dataset("map", data=values, chunks=values.shape, scaleoffset=2, **options)
    with h5py.File("maps.h5") as file:
        seen[name] = file["map"][...]
    error = np.abs(seen[name].astype(float) - values)
    print(f"{name}: {[round(float(value), 4) for value in values]} read back as {[round(float(value), 4) for value in seen[name]]}, largest error {error.max():.4f}")
plain, moved = seen.values()
print(f"mean of values from 0.006 to 0.0099: {values[2:5].mean():.4f}, read back {plain[2:5].mean():.4f} and {moved[2:5].mean():.4f}")
sys.exit(not (np.all(plain[1:5] == 0) and np.allclose(moved[2:5], 0.01) and np.abs(moved.astype(float) - values).max() < 0.00501 and np.isclose(plain[5], 0.011)))
PYTHON
