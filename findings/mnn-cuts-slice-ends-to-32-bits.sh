#!/usr/bin/env bash
# MNN keeps the lower 32 bits of a Constant's value_ints: a slice that turns an image round to the end -(2^63-1) loses two rows, without a word
#
# Seen: 2026-11-29 with mnn 3.6.1, onnx 1.23.2 and onnxruntime 1.32.0 from PyPI, Python 3.11, Linux.
# Expected: value_ints are 64 bits, and a slice's end far beyond the first row means all of them, as the operator's description has it; what does not fit is refused, or
#   becomes the nearest number that does (as it is done where the same end comes as a tensor, which gives all rows)
# Happens: -(2^63-1) becomes 1 and -(2^63) becomes 0, so that the slice ends early: of 6 rows 4 and 5 come out, with no error. With -(2^31-1) all 6 are there
# Hurt: networks that average over mirror images or flip in their own preprocessing: maps of another size, and a crack along the edge of the strip that no longer is in the image
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 mnn==3.6.1 onnx==1.23.2 onnxruntime==1.32.0
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import subprocess
import sys

import MNN
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

folder = sys.argv[1]
image = np.arange(48, dtype=np.float32).reshape(1, 1, 6, 8)
rows = {}
for name, end in (("-(2^63-1)", -(2**63) + 1), ("-(2^63)", -(2**63)), ("-(2^31-1)", -(2**31) + 1)):
    numbers = [helper.make_node("Constant", [], [key], value_ints=[number]) for key, number in (("s", -1), ("e", end), ("a", 2), ("p", -1))]
    given, out = (helper.make_tensor_value_info(key, TensorProto.FLOAT, [1, 1, height, 8]) for key, height in (("x", "h"), ("y", "g")))
    graph = helper.make_graph([*numbers, helper.make_node("Slice", ["x", "s", "e", "a", "p"], ["y"])], "flip", [given], [out])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"{folder}/flip.onnx")
    expected = onnxruntime.InferenceSession(f"{folder}/flip.onnx").run(None, {"x": image})[0]
    words = ["-f", "ONNX", "--modelFile", f"{folder}/flip.onnx", "--MNNModel", f"{folder}/flip.mnn", "--bizCode", "biz"]
    subprocess.run([sys.executable, "-c", "import sys, _tools; _tools.mnnconvert(sys.argv)", *words], check=True, capture_output=True)
    interpreter = MNN.Interpreter(f"{folder}/flip.mnn")
    session = interpreter.createSession({"backend": "CPU"})
    entry = interpreter.getSessionInput(session, "x")
    interpreter.resizeTensor(entry, image.shape)
    interpreter.resizeSession(session)
    entry.copyFrom(MNN.Tensor(image.shape, MNN.Halide_Type_Float, image, MNN.Tensor_DimensionType_Caffe))
    assert interpreter.runSession(session) == 0
    found = interpreter.getSessionOutput(session, "y")
    host = MNN.Tensor(found.getShape(), MNN.Halide_Type_Float, np.empty(found.getShape(), np.float32), MNN.Tensor_DimensionType_Caffe)
    found.copyToHostTensor(host)
    first = host.getNumpyData()[0, 0, :, 0].tolist()
    rows[name] = len(first)
    print(f"end {name}: ONNX Runtime {expected.shape[2]} rows, MNN {len(first)} rows, which begin with {first}")
sys.exit(rows != {"-(2^63-1)": 4, "-(2^63)": 5, "-(2^31-1)": 6})
PYTHON
