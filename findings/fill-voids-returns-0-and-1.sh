#!/usr/bin/env bash
# fill-voids turns a mask of 0 and 255 into one of 0 and 1, in place too, and one of classes into one class
#
# Seen: 2026-11-29 with fill-voids 2.1.2, numpy 2.3.4, scipy 1.17.1.
# Expected: the mask as it is with its holes closed, in its own value, as the same type and "fill voids in the image" suggest; or a boolean result, as of
#   scipy.ndimage.binary_fill_holes
# Happens: the result is uint8 like the input, but every pixel that was not 0 is 1, also the classes 2 and 7; with in_place=True the caller's own mask is
#   rewritten so. No warning
# Hurt: who closes holes in masks before they are saved or shown: 1 of 255 is black, so that PNG masks look and threshold (at 128) as clean, and class masks
#   lose their classes
# Here: holes are not filled with it.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check fill-voids==2.1.2 numpy==2.3.4 scipy==1.17.1
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import fill_voids
import numpy as np
from scipy import ndimage

mask = np.zeros((60, 60), np.uint8)
mask[10:30, 10:50] = 255
mask[15:20, 20:30] = 0
classes = np.where(mask > 0, 2, 0).astype(np.uint8)
classes[40:50, 10:50] = 7
seen = {}
for name, image in (("0 and 255", mask), ("classes 2 and 7", classes), ("uint16 of 0 and 4095", mask.astype(np.uint16) // 255 * 4095)):
    filled = fill_voids.fill(image)
    own = image.copy()
    fill_voids.fill(own, in_place=True)
    seen[name] = filled.dtype == image.dtype, np.unique(filled).tolist(), np.unique(own).tolist()
    print(f"{name}: result {filled.dtype} of {seen[name][1]}, in place {seen[name][2]}, pixels of at least 128 before {int((image >= 128).sum())}, after {int((filled >= 128).sum())}")
same = np.array_equal(fill_voids.fill(mask) > 0, ndimage.binary_fill_holes(mask))
print("the same pixels as SciPy:", same, "; SciPy's type:", ndimage.binary_fill_holes(mask).dtype)
sys.exit(not (same and all(values == (True, [0, 1], [0, 1]) for values in seen.values())))
PYTHON
