#!/usr/bin/env bash
# ONNX Runtime's ReduceMax leaves a NaN out, unless it is the first pixel
#
# Seen: 2026-11-29 with onnxruntime 1.32.0, onnx 1.23.2, numpy 2.3.4.
# Expected: NaN, as from NumPy and from ONNX Runtime's own Max; or at least the same wherever the NaN lies
# Happens: the maximum of the other pixels; NaN where the first pixel is NaN, or all are. (GlobalMaxPool keeps only one in the last pixel.)
# Hurt: the score of a frame is the maximum of its map: a frame that is broken for three quarters (a dead part of the line divided by 0)
#   gets the ordinary score of a clean one, and a check of the score for NaN passes
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
from onnx import TensorProto, helper, numpy_helper

node = helper.make_node("ReduceMax", ["x", "axes"], ["y"], keepdims=0)
value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 64, 256]), helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1])
graph = helper.make_graph([node], "g", value[:1], value[1:], [numpy_helper.from_array(np.array([2, 3]), "axes")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
clean = np.random.default_rng(0).uniform(0, 0.1, (1, 1, 64, 256)).astype(np.float32)
seen = {}
for name, region in (
    ("no pixel", np.s_[0:0, 0:0]),
    ("the first pixel", np.s_[0:1, 0:1]),
    ("the second pixel", np.s_[0:1, 1:2]),
    ("the middle pixel", np.s_[32:33, 128:129]),
    ("the right three quarters", np.s_[:, 64:]),
    ("all pixels", np.s_[:, :]),
):
    frame = clean.copy()
    frame[0, 0][region] = np.nan
    seen[name] = float(session.run(None, {"x": frame})[0].item())
    print(f"NaN in {name}: ReduceMax {seen[name]:.4f}, NumPy {frame.max():.4f}")
lost = all(np.isfinite(seen[name]) for name in ("the second pixel", "the middle pixel", "the right three quarters"))
sys.exit(not (lost and np.isnan(seen["the first pixel"]) and np.isnan(seen["all pixels"])))
PYTHON
