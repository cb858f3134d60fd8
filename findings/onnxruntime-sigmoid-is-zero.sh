#!/usr/bin/env bash
# ONNX Runtime's Sigmoid is exactly 0 from -18 down, and 17 % too large at -15
#
# Seen: 2026-11-29 with onnxruntime 1.32.0, onnx 1.23.2, numpy 2.3.4.
# Expected: 1 / (1 + exp(-x)) to a few units of float32, which holds numbers down to 1e-38; so NumPy's in float32
# Happens: the result is right to about 5e-8 of 1, not of itself, so that it takes some thirty values between
#   -14 and -18, and then 0
# Hurt: nearly all pixels of strip are clean, and a trained network's logits there lie far below -18: the logit or the logarithm of the
#   exported map is -inf for them, so that a calibration, a log loss or a score of the frame that sums logarithms becomes inf or NaN
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper

logits = np.float32([[0, -5, -10, -12, -14, -15, -17, -20, -40]])
value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, list(logits.shape)) for name in "xy"]
graph = helper.make_graph([helper.make_node("Sigmoid", ["x"], ["y"])], "g", value[:1], value[1:])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
runtime = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": logits})[0][0]
right, numpy = 1 / (1 + np.exp(-logits[0].astype(float))), 1 / (1 + np.exp(-logits[0]))
for logit, a, b, c in zip(logits[0], right, runtime, numpy, strict=True):
    print(f"logit {logit:4.0f}: right {a:.3e}, ONNX Runtime {b:.3e} ({b / a - 1:+.2%}), NumPy in float32 {c:.3e} ({c / a - 1:+.4%})")
with np.errstate(divide="ignore"):
    print("logits of ONNX Runtime's result:", np.log(runtime / (1 - runtime)).round(2).tolist())
zero = (runtime[logits[0] < -18] == 0).all() and abs(runtime / right - 1)[5] > 0.1
sys.exit(not (zero and (abs(numpy / right - 1) < 1e-5).all()))
PYTHON
