#!/usr/bin/env bash
# OpenVINO's Cast to uint8 wraps in a model of fixed shape and saturates in one of dynamic shape
#
# Seen: 2026-11-27 with openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2.
# Expected: one rule for one operation; a map's last step, times 255 to uint8, is in many exports
# Happens: with the shape (1, 4) 256 becomes 0 and -1 becomes 255, as in ONNX Runtime; with a free axis they become 255 and 0
# Hurt: who tests an export of fixed shape and deploys one of dynamic shape, or the other way: a map that overshoots 1 by a hair has its
#   surest defect pixels white in one and black in the other
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

levels = np.array([[254.6, 256.0, 300.7, -1.0]], np.float32)
seen = {}
for name, shape in (("fixed", [1, 4]), ("dynamic", [1, "width"])):
    graph = helper.make_graph(
        [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.UINT8)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, shape)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    core = openvino.Core()
    runtime = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": levels})[0].tolist()[0]
    seen[name] = core.compile_model(core.read_model(model), "CPU")(levels)[0].tolist()[0]
    print(f"{levels.round(1).tolist()[0]}, {name} shape: ONNX Runtime {runtime}, OpenVINO {seen[name]}")
sys.exit(seen != {"fixed": [254, 0, 44, 255], "dynamic": [254, 255, 255, 0]})
PYTHON
