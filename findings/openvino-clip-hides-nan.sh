#!/usr/bin/env bash
# OpenVINO's Clip and Relu turn NaN into 0; ONNX Runtime keeps NaN
#
# Seen: 2026-11-27 with openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2.
# Expected: NaN stays NaN through both, as in PyTorch and ONNX Runtime, so that a check of the output finds it
# Happens: with OpenVINO on the CPU NaN leaves Clip(0, 1) and Relu as 0; Sigmoid alone keeps it
# Hurt: a broken model or frame (overflow, a dead sensor line divided by 0) gives "no defect" instead of a value that a check can catch, and
#   only on the OpenVINO runtime
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

pixels = np.array([[0.5, np.nan, 2.0]], np.float32)
limits = [helper.make_tensor("low", TensorProto.FLOAT, [], [0]), helper.make_tensor("high", TensorProto.FLOAT, [], [1])]
seen = {}
for name, inputs in (("Clip", ["x", "low", "high"]), ("Relu", ["x"]), ("Sigmoid", ["x"])):
    graph = helper.make_graph(
        [helper.make_node(name, inputs, ["y"])],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
        limits if name == "Clip" else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    core = openvino.Core()
    results = session.run(None, {"x": pixels})[0], core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(pixels)[0]
    print(f"{name} of {pixels.tolist()[0]}: ONNX Runtime {results[0].tolist()[0]}, OpenVINO {results[1].tolist()[0]}")
    seen[name] = [bool(np.isnan(result[0, 1])) for result in results]
sys.exit(seen != {"Clip": [True, False], "Relu": [True, False], "Sigmoid": [True, True]})
PYTHON
