#!/usr/bin/env bash
# OpenVINO drops the limits of a Cast to uint16 inside a graph: 70000 and -3 pass through
#
# Seen: 2026-11-27 with openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2.
# Expected: a value between Cast to uint16 and Cast back is in 0 to 65535, wrapped or clipped
# Happens: the CPU plugin computes with int32 in its place, so 70000 and -3 come out unchanged; a Cast to uint8 in the same place does limit
# Hurt: preprocessing written into the graph for 12- and 16-bit frames (subtract the dark frame, cast, divide): negative values reach the
#   network on OpenVINO only
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

levels = np.array([[300.7, 70000.0, -3.2]], np.float32)
seen = {}
for name in ("UINT8", "UINT16"):
    graph = helper.make_graph(
        [helper.make_node("Cast", ["x"], ["a"], to=getattr(TensorProto, name)), helper.make_node("Cast", ["a"], ["y"], to=TensorProto.FLOAT)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    seen[name] = compiled(levels)[0].tolist()[0]
    runtime = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": levels})[0]
    print(f"{levels.tolist()[0]} to {name} and back: ONNX Runtime {runtime.tolist()[0]}, OpenVINO {seen[name]}")
sys.exit(seen != {"UINT8": [44.0, 112.0, 253.0], "UINT16": [300.0, 70000.0, -3.0]})
PYTHON
