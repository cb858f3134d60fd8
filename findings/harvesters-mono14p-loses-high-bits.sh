#!/usr/bin/env bash
# Harvesters unpacks Mono14p with two of four pixels cut to 10 and to 12 bits
#
# Seen: 2026-11-30 with harvesters 1.4.3, numpy 2.2.6.
# Expected: the values of 14 bits that PFNC's Mono14p holds in a row, four pixels in seven bytes, as its Mono10p and Mono12p come back right
# Happens: of every four pixels the second is taken modulo 1024 and the third modulo 4096; the first and the fourth are right. Dark pixels, and
#   test images below 1024, come back right altogether. (The unpacker was called by itself: the same version's list of formats, by which it picks one
#   for a camera, has no Mono14p)
# Hurt: who decodes raw buffers of a 14-bit camera by it: a flat 5000 becomes columns of 5000, 904, 904, 5000. Steel has upright stripes of
#   scratches' contrast, the brighter it is, and the true values cannot be had back
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check --no-deps harvesters==1.4.3 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
from harvesters.util import pfnc


def packed(values, bits):
    """Pixels in a row without gaps, the lowest bits first, as PFNC has them."""
    number = sum(value << (bits * place) for place, value in enumerate(values))
    return np.frombuffer(number.to_bytes(len(values) * bits // 8, "little"), np.uint8)


right = True
for name, bits in (("Mono10p", 10), ("Mono12p", 12), ("Mono14p", 14)):
    values = np.random.default_rng(0).integers(0, 2**bits, 4000)
    back = getattr(pfnc, name)().expand(packed(values.tolist(), bits))
    share = (back != values).mean(axis=None)
    cut = values.reshape(-1, 4) % [2**bits, 1024, 4096, 2**bits] if bits == 14 else values
    right &= np.array_equal(back, cut.ravel())
    print(f"{name}: {share:.0%} of the pixels wrong")
for level in (700, 5000):
    back = pfnc.Mono14p().expand(packed([level] * 8, 14)).tolist()
    print(f"Mono14p, a flat {level}: {back}")
sys.exit(not (right and back == [5000, 904, 904, 5000] * 2))
PYTHON
