#!/usr/bin/env bash
# scikit-image's match_template gives correlation coefficients of 100 and more where the frame is flat
#
# Seen: 2026-11-29 with scikit-image 0.26.0, scipy 1.17.1, numpy 2.4.6.
# Expected: values between -1 and 1, as its documentation promises, and 0 where the frame under the template is constant
# Happens: beside the strip, where a float32 frame is 0.1 throughout, the response lies between about -300 and 200, on the mark itself
#   at 0.999. What rounding leaves of the variance of a flat place is divided by, and only a variance
#   of nearly nothing is taken for 0. With 0 beside the strip all is right. No warning
# Hurt: who looks for marks that a worn roll repeats along the strip: the best matches, by the maximum or any threshold, lie where there is no steel
#   at all, and a mean or a plot of the response shows nothing else
# Here: no templates are matched.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check scikit-image==0.26.0 scipy==1.17.1 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from skimage.feature import match_template

mark = np.full((20, 20), 3000.0)
mark[9:11] = 2500
steel = np.random.default_rng(0).normal(3000, 8, (120, 160)).round()
steel[70:72, 60:110] -= 500
seen = {}
for beside in (0, 0.1):
    frame = steel.astype(np.float32)
    frame[:, :40] = beside
    seen[f"float32, {beside} beside the strip"] = match_template(frame, mark.astype(np.float32))
for name, response in seen.items():
    row, column = np.unravel_index(response.argmax(), response.shape)
    print(f"{name}: response from {response.min():.3f} to {response.max():.3f}, the best match at row {row}, column {column}, {np.count_nonzero(response > 1.01)} places above 1")
right, flat = seen.values()
sys.exit(not (0.99 < right.max() < 1.01 and flat.max() > 5 and flat.argmax() % flat.shape[1] < 40))
PYTHON
