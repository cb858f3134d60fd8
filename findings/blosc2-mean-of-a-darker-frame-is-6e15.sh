#!/usr/bin/env bash
# Blosc2's mean of a frame minus its dark level is 2 to the power of 64 divided by the number of pixels, where the frame is darker
#
# Seen: 2026-11-29 with blosc2 4.14.1, numpy 2.3.4.
# Expected: for an expression of uint16 the mean of the values that it has, as compute() gives them and NumPy does too: they wrap, so 65526 for 4000 - 4010
# Happens: values are computed in the expression's type, which is uint16, but sum() and mean() in a wider signed one, and the negative total is then written as
#   uint64: the mean of 3000 pixels is 6.1e15. The same for (frame + 100).mean() of 8 bits, which is 300 while each of its values is 44 and its max() too, and
#   for comparisons: all pixels are above 250. No warning
# Hurt: who takes levels or shares of large frames from expressions, without computing them: the numbers belong to no array, agree with no check on a few
#   pixels, and a frame a little darker than its reference gives 6e15
# Here: frames are not kept in Blosc2.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check blosc2==4.14.1 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import blosc2
import numpy as np

seen = {}
for name, level, kind, change in (
    ("4000 - 4010, uint16", 4000, np.uint16, lambda frame: frame - 4010),
    ("4000 - 3990, uint16", 4000, np.uint16, lambda frame: frame - 3990),
    ("200 + 100, uint8", 200, np.uint8, lambda frame: frame + 100),
    ("4000 * 20, uint16", 4000, np.uint16, lambda frame: frame * 20),
):
    frame = np.full((60, 50), level, kind)
    expected, expression = change(frame), change(blosc2.asarray(frame, chunks=(10, 10)))
    computed = expression.compute()[:]
    assert computed.dtype == expected.dtype == expression.dtype and np.array_equal(computed, expected)
    seen[name] = float(expected.mean()), float(computed.mean()), float(expression.mean()), float(expression.max())
    print(f"{name}: NumPy's mean {seen[name][0]:g}, of the computed values {seen[name][1]:g}, of the expression {seen[name][2]:g}, its max() {seen[name][3]:g}")
above = int(((blosc2.asarray(np.full((60, 50), 200, np.uint8)) + 100) > 250).sum())
print(f"pixels of 200 + 100 above 250: {above} of 3000")
dark = seen["4000 - 4010, uint16"]
others = [seen[name][:3] for name in list(seen)[1:]]
sys.exit(not (dark[0] == dark[1] == 65526 and abs(dark[2] * 3000 / 2**64 - 1) < 1e-6 and others == [(10, 10, 10), (44, 44, 300), (14464, 14464, 80000)] and above == 3000))
PYTHON
