#!/usr/bin/env bash
# OpenVINO ignores antialias of an ONNX Resize
#
# Seen: 2026-11-27 with openvino 2026.4.1, onnxruntime 1.32.0, onnx 1.23.2.
# Expected: a downscaled image as ONNX Runtime's and PyTorch's, or a refusal of the attribute
# Happens: the graph is read without a word, and Resize with antialias=1 (opset 18) gives what antialias=0 gives
# Hurt: a graph that shrinks frames before the network: a scratch two pixels wide is there or not by the phase of the grid, only on OpenVINO
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

frame = np.zeros((1, 1, 32, 32), np.float32)
frame[..., 9:11] = 1  # a vertical scratch
seen = {}
for antialias in (0, 1):
    graph = helper.make_graph(
        [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear", coordinate_transformation_mode="half_pixel", antialias=antialias)],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 1, 32, 32])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 8, 8])],
        [helper.make_tensor("scales", TensorProto.FLOAT, [4], [1, 1, 0.25, 0.25])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9).SerializeToString()
    core = openvino.Core()
    runtime = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).run(None, {"x": frame})[0]
    compiled = core.compile_model(core.read_model(model), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(frame)[0]
    seen[antialias] = runtime, compiled
    print(f"antialias={antialias}, one row: ONNX Runtime {runtime[0, 0, 4].round(3).tolist()}, OpenVINO {compiled[0, 0, 4].round(3).tolist()}")
alike = np.abs(seen[0][1] - seen[1][1]).max() < 1e-6
apart = np.abs(seen[1][0] - seen[1][1]).max()
print("OpenVINO's results are the same with and without antialias:", alike)
sys.exit(not (alike and apart > 0.1))
PYTHON
