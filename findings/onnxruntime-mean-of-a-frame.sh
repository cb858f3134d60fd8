#!/usr/bin/env bash
# ONNX Runtime's mean of a 12-bit frame is off by 2 levels at 1024 x 1024 and by 40 at 4096 x 4096, and InstanceNormalization with it
#
# Seen: 2026-11-29 with onnxruntime 1.32.0, onnx 1.23.2, numpy 2.3.4.
# Expected: a mean as good as NumPy's float32 (which adds in pairs), and a normalised frame of mean 0 and deviation 1, at any size
# Happens: float32 values are added one after another into a few sums; the larger these are, the more of each pixel is rounded off. The
#   error grows with the frame, and a normalised one of 4096 x 4096 has the mean -0.99 and the deviation 0.125
# Hurt: a graph that normalises its frame: steel is bright and of low contrast (here 3000, deviation 5), and what was tuned on tiles of
#   256 x 256 sees another image where the same graph is given a frame
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


def run(node, initializers, frame):
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, None, None]) for name in "xy"]
    constants = [numpy_helper.from_array(array, name) for name, array in initializers.items()]
    graph = helper.make_graph([node], "g", value[:1], value[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
    return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": frame})[0]


seen = {}
for side in (256, 1024, 4096):
    frame = 3000 + 5 * np.random.default_rng(0).standard_normal((1, 1, side, side), dtype=np.float32)
    mean = float(run(helper.make_node("ReduceMean", ["x", "axes"], ["y"]), {"axes": np.array([2, 3])}, frame).item())
    one = {"scale": np.ones(1, np.float32), "shift": np.zeros(1, np.float32)}
    normal = run(helper.make_node("InstanceNormalization", ["x", "scale", "shift"], ["y"]), one, frame).astype(float)
    seen[side] = mean - float(frame.mean(dtype=float)), float(normal.mean()), float(normal.std())
    print(
        f"{side} x {side}: mean {frame.mean(dtype=float):.2f}, NumPy in float32 {frame.mean():.2f}, ReduceMean {mean:.2f};"
        f" InstanceNormalization: mean {seen[side][1]:+.3f}, deviation {seen[side][2]:.3f}"
    )
sys.exit(not (abs(seen[256][0]) < 0.5 and seen[1024][0] > 1 and seen[4096][0] > 10 and seen[4096][2] < 0.5))
PYTHON
