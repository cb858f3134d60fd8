#!/usr/bin/env bash
# OpenVINO's CPU plugin gives the thread that first compiles a network another stack for signal handlers, in the place of faulthandler's
#
# Seen: 2026-11-28 with openvino 2026.4.1 from PyPI, Python 3.11, Linux, an AVX2 processor without AMX.
# Expected: compiling a network leaves sigaltstack(2) of the calling thread as the program has set it; or sets one only where AMX is, for its larger state
# Happens: after faulthandler.enable() the thread has Python's stack; after the first compile_model on "CPU" it has one of OpenVINO's, until the Core is gone.
#   Python 3.11 runs every signal handler there. In a program with more than one Core a signal, Ctrl-C too, was seen to end in a segmentation fault
# Hurt: a service that loads yesterday's model and today's, and is then stopped by SIGTERM; a test run whose process vanishes without a word
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 openvino==2026.4.1 openvino-telemetry==2025.2.0
env -i PATH="$PATH" HOME="$folder" "$folder/venv/bin/python" - <<'PYTHON'
import ctypes
import faulthandler
import sys

sys.modules["openvino_telemetry"] = None
import numpy as np
import openvino
from openvino import opset13


class Stack(ctypes.Structure):
    _fields_ = [("start", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t)]


def signal_stack() -> int:
    stack = Stack()
    assert ctypes.CDLL(None).sigaltstack(None, ctypes.byref(stack)) == 0
    return stack.start or 0


faulthandler.enable()
seen = {"faulthandler": signal_stack()}
image = opset13.parameter([1, 3, 32, 32], np.float32)
model = openvino.Model([opset13.relu(image)], [image], "relu")
core = openvino.Core()
seen["Core"] = signal_stack()
compiled = core.compile_model(model, "CPU")
seen["compile_model"] = signal_stack()
del compiled, core
seen["Core gone"] = signal_stack()
print("openvino", openvino.__version__)
for moment, start in seen.items():
    print(f"after {moment}: {'the same' if start == seen['faulthandler'] else 'another'} stack")
sys.exit(not (seen["faulthandler"] == seen["Core"] == seen["Core gone"] != seen["compile_model"] != 0))
PYTHON
