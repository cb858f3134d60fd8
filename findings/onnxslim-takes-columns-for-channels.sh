#!/usr/bin/env bash
# onnxslim turns a factor for each column after a convolution into one for each channel, where there are as many columns as channels
#
# Seen: 2026-11-29 with onnxslim 0.1.98, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.3.4.
# Expected: a simplified graph gives the same maps, or keeps the multiplication
# Happens: Mul by a constant of shape (64,) or (1, 1, 1, 64), or (1, 1, 64, 1) for the rows, is folded into the weights of a convolution of 64
#   channels as if it were (1, 64, 1, 1). Add is not
# Hurt: a gain or a window across the strip at a reduced size, 64 columns and 64 channels: the graph loads and its maps look plausible. At
#   63 or 65 columns all is right
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check onnxslim==0.1.98 onnxruntime==1.32.0 onnx==1.23.2 numpy==2.3.4
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import onnxslim
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)


def run(model, frame):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": frame})[0]


seen = {}
for columns in (63, 64, 65):
    frame = random.normal(0, 1, (1, 1, 16, columns)).astype(np.float32)
    constants = {"w": random.normal(0, 1, (64, 1, 3, 3)).astype(np.float32), "window": np.hanning(columns).astype(np.float32).reshape(1, 1, 1, columns)}
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]), helper.make_node("Mul", ["c", "window"], ["y"])]
    value = (
        helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 16, columns]),
        helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 64, 16, columns]),
    )
    graph = helper.make_graph(nodes, "g", value[:1], value[1:], [numpy_helper.from_array(array, name) for name, array in constants.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    before, slim = run(model, frame), onnxslim.slim(model)
    after = run(slim, frame)
    seen[columns] = float(np.abs(before - after).max())
    operators = [node.op_type for node in slim.graph.node]
    print(
        f"{columns} columns, 64 channels: {operators}, largest difference {seen[columns]:.3g};"
        f" the first column, where the window is 0: at most {np.abs(before[..., 0]).max():.2g} before, {np.abs(after[..., 0]).max():.2g} after"
    )
sys.exit(not (seen[63] < 1e-4 and seen[65] < 1e-4 and seen[64] > 0.1))
PYTHON
