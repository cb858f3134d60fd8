#!/usr/bin/env bash
# safetensors 0.8 writes a NumPy array in Fortran order with its numbers in another order, and says nothing
#
# Seen: 2026-11-29 with safetensors 0.8.0 and 0.7.0, numpy 2.3.4.
# Expected: the array, as 0.7.0 writes it, or a refusal, as safetensors.torch has one for a tensor that is not contiguous. The documentation asks for
#   contiguous arrays, and NumPy calls a Fortran-ordered one contiguous
# Happens: the bytes of the memory are written under the shape of the array, so that a transposed matrix comes back as its numbers reshaped
# Hurt: who brings weights over from another framework by transposing them, as dense and convolution layers need it: shapes fit, the model
#   loads, and its answers are noise; and who stores frames of a line-scan camera turned upright: each is a pattern of stripes
# Here: checkpoints are written by safetensors.torch, which refuses such tensors; only tests write arrays, in C order.
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
for version in 0.7.0 0.8.0; do
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check safetensors==$version numpy==2.3.4
"$folder/venv/bin/python" - $version <<'PYTHON'
import sys

import numpy as np
from safetensors.numpy import load, save

weights = np.arange(6, dtype=np.float32).reshape(2, 3)
cases = {"C order": weights, "transposed": weights.T}
seen = {}
for name, array in cases.items():
    back = load(save({"weights": array}))["weights"]
    seen[name] = np.array_equal(back, array)
    print(f"{sys.argv[1]}, {name}, contiguous by NumPy {array.flags.forc}: {'the same' if seen[name] else f'{array.tolist()} comes back as {back.tolist()}'}")
sys.exit(not seen["C order"] or seen["transposed"] != (sys.argv[1] == "0.7.0"))
PYTHON
done
