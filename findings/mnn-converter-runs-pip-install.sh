#!/usr/bin/env bash
# MNN's converter runs `pip install -U` for a package that reports each conversion to its makers, with a number of the machine; nobody is asked
#
# Seen: 2026-11-29 with mnn 3.6.1 from PyPI, Python 3.11, Linux.
# Expected: `mnnconvert`, which the package brings to turn an ONNX file into MNN's format, reads one file and writes another
# Happens: after the conversion it imports a module that needs aliyun-log-python-sdk; where that is missing it hands `pip install -U aliyun-log-python-sdk`
#   to a shell: the first pip on the PATH, which need not be that of the environment that MNN is in. With the package there it asks a host for an account and sends
#   the options, the sizes of the files, a number of the model and of the machine (/etc/machine-id) to a log of the makers'. `_tools.mnnconvert`, which it wraps, does neither
# Hurt: an environment from a lock file that is another one after a conversion; an inspection computer or a build that may not speak to the outside
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.3.4 mnn==3.6.1 onnx==1.23.2
"$folder/venv/bin/python" - "$folder/relu.onnx" <<'PYTHON'
import sys

import onnx
from onnx import TensorProto, helper

values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 4, 4]) for name in ("x", "y")]
graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "relu", values[:1], values[1:])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), sys.argv[1])
PYTHON
# Stands in for pip: it writes down what it is asked for, and installs nothing.
mkdir "$folder/bin"
printf '#!/bin/sh\necho "pip $*" >> "%s"\n' "$folder/asked" > "$folder/bin/pip"
chmod +x "$folder/bin/pip"
convert() { env PATH="$folder/bin:$PATH" "$@" > "$folder/printed" 2>&1 || true; }
words=(-f ONNX --modelFile "$folder/relu.onnx" --bizCode biz)
convert "$folder/venv/bin/python" -c 'import sys, _tools; _tools.mnnconvert(sys.argv)' "${words[@]}" --MNNModel "$folder/inner.mnn"
echo "_tools.mnnconvert: $(wc -c < "$folder/inner.mnn") bytes written, asked of pip: $(cat "$folder/asked" 2>/dev/null || echo nothing)"
[ ! -e "$folder/asked" ]
convert "$folder/venv/bin/mnnconvert" "${words[@]}" --MNNModel "$folder/outer.mnn"
echo "mnnconvert:        $(wc -c < "$folder/outer.mnn") bytes written, asked of pip: $(cat "$folder/asked" 2>/dev/null || echo nothing)"
grep -q "pip install -U aliyun-log-python-sdk" "$folder/asked"
