#!/usr/bin/env bash
# MNN's `nn` modules hold Python's lock while they compute, its older sessions do not: with threads the first gain nothing
#
# Seen: 2026-11-29 with mnn 3.6.1 from PyPI, Python 3.11, Linux.
# Expected: a forward pass in C++ lets other threads run, as PyTorch's, ONNX Runtime's and OpenVINO's do; at any rate the same for both interfaces
# Happens: while MNN.nn.load_module_from_file's module computes, a thread that only counts milliseconds stands still; while Interpreter.runSession computes the same
#   network it counts on. The documentation recommends the module
# Hurt: reading, inference and writing that overlap by threads, a server's other requests and its health check: they wait for the whole forward pass of a tile
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 mnn==3.6.1 onnx==1.23.2
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import subprocess
import sys
import threading
import time

import MNN
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder, side, channels = sys.argv[1], 128, 64
shape = [1, channels, side, side]
kernel = numpy_helper.from_array(np.full((channels, channels, 3, 3), 0.01, np.float32), "w")
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
names = ["x", *(f"t{number}" for number in range(7)), "y"]
nodes = [helper.make_node("Conv", [one, "w"], [other], pads=[1, 1, 1, 1]) for one, other in zip(names, names[1:])]
graph = helper.make_graph(nodes, "convolutions", values[:1], values[1:], [kernel])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), f"{folder}/c.onnx")
convert = "import sys, _tools; _tools.mnnconvert(sys.argv)"
words = ["-f", "ONNX", "--modelFile", f"{folder}/c.onnx", "--MNNModel", f"{folder}/c.mnn", "--bizCode", "biz"]
subprocess.run([sys.executable, "-c", convert, *words], check=True, capture_output=True)

image = np.ones(shape, np.float32)
runtime = MNN.nn.create_runtime_manager(({"backend": "CPU", "numThread": 1},))
module = MNN.nn.load_module_from_file(f"{folder}/c.mnn", ["x"], ["y"], runtime_manager=runtime)
given = MNN.expr.placeholder(shape, MNN.expr.NCHW)
given.write(image)
interpreter = MNN.Interpreter(f"{folder}/c.mnn")
session = interpreter.createSession({"backend": "CPU", "numThread": 1})
interpreter.getSessionInput(session, "x").copyFrom(MNN.Tensor(tuple(shape), MNN.Halide_Type_Float, image, MNN.Tensor_DimensionType_Caffe))


def longest_wait(compute):
    """Longest time for which a thread that sleeps a millisecond at a time did not run, and how long one of ten computations took."""
    compute()
    waits, over = [], threading.Event()

    def beat():
        before = time.perf_counter()
        while not over.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            waits.append(now - before)
            before = now

    thread = threading.Thread(target=beat)
    thread.start()
    begun = time.perf_counter()
    for _ in range(10):
        compute()
    took = (time.perf_counter() - begun) / 10
    over.set()
    thread.join()
    return took, sorted(waits)[len(waits) // 2], len(waits)


results = {}
for name, compute in (("nn module", lambda: module.forward([given])[0].read()), ("session", lambda: interpreter.runSession(session))):
    took, usual, beats = results[name] = longest_wait(compute)
    print(f"{name}: {1e3 * took:.0f} ms a computation; another thread ran {beats / took / 10:.0f} times a second, usually every {1e3 * usual:.1f} ms")
held, free = results["nn module"], results["session"]
sys.exit(not (held[2] / held[0] < 0.3 * free[2] / free[0]))
PYTHON
