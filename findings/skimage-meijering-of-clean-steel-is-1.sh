#!/usr/bin/env bash
# scikit-image's meijering answers to the noise of a clean frame as strongly as to a scratch
#
# Seen: 2026-11-29 with scikit-image 0.26.0, numpy 2.4.6, scipy 1.17.1.
# Expected: a ridge filter's answer follows the contrast of the ridge, as that of sato does; nothing in its documentation speaks of a scale
# Happens: each image is divided by its own largest answer, for every sigma, so that the maximum is 1.0 for noise of 0.1 % and for a scratch of
#   50 %. Of sato it is 0.001 and 0.19. The scratch makes the answer elsewhere in its frame smaller
# Hurt: who finds scratches by a threshold on it, set on frames with scratches: every clean frame is full of them
# Here: the methods without training use no ridge filter.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check scikit-image==0.26.0 numpy==2.4.6 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from skimage.filters import meijering, sato

clean = 0.5 + np.random.default_rng(0).normal(0, 0.001, (100, 100))
scratched = clean.copy()
scratched[50:52, 20:80] -= 0.5
seen = {}
for ridges in (meijering, sato):
    of_clean, of_scratch = ridges(clean), ridges(scratched)
    seen[ridges.__name__] = of_clean.max(), of_scratch.max(), (of_clean > 0.3).mean(), (of_scratch > 0.3).mean()
    print(
        f"{ridges.__name__}: largest answer {of_clean.max():.4f} on the clean frame, {of_scratch.max():.4f} on the scratched one;"
        f" above 0.3 {(of_clean > 0.3).mean():.1%} of the pixels and {(of_scratch > 0.3).mean():.1%} (the scratch is 1.2 %)"
    )
same = abs(seen["meijering"][0] - 1) < 1e-6 and abs(seen["meijering"][1] - 1) < 1e-6 and seen["meijering"][2] > 3 * seen["meijering"][3]
sys.exit(not (same and seen["sato"][0] < 0.01 < 0.1 < seen["sato"][1]))
PYTHON
