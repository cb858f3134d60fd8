#!/usr/bin/env bash
# A padded MaxPool with ceil_mode has one row more in OpenVINO than in ONNX Runtime
#
# Seen: 2026-11-27 with openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2.
# Expected: the same shape; AveragePool with the same attributes has it
# Happens: for 7 x 7, kernel 2, stride 2, padding 1, ONNX Runtime gives 4 x 4 (as PyTorch, a window must begin inside the image or its left
#   padding), OpenVINO 5 x 5
# Hurt: networks that pool with padding and ceil_mode: the graph exports and compiles, and for frames of odd size the skip connection no
#   longer fits, on OpenVINO only
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 openvino==2026.4.1 onnxruntime==1.32.0 onnx==1.23.2
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, helper

frame = np.random.default_rng(0).random((1, 1, 7, 7), np.float32)
seen = {}
for name in ("AveragePool", "MaxPool"):
    graph = helper.make_graph(
        [helper.make_node(name, ["x"], ["y"], kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 1, 1], ceil_mode=1)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 7, 7])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9).SerializeToString()
    core = openvino.Core()
    runtime = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": frame})[0]
    compiled = core.compile_model(core.read_model(model), "CPU")(frame)[0]
    seen[name] = runtime.shape[2:], compiled.shape[2:]
    print(f"{name}: ONNX Runtime {runtime.shape}, OpenVINO {compiled.shape}")
sys.exit(seen != {"AveragePool": ((4, 4), (4, 4)), "MaxPool": ((4, 4), (5, 5))})
PYTHON
