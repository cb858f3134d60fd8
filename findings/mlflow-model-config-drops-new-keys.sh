#!/usr/bin/env bash
# SURPRISE: mlflow.pyfunc.load_model(uri, model_config={…}) passes on a key only if the model was logged with that key; any other is dropped with a warning, and the model runs with its default.
# HURTS: an operator who loads a registered version with another runtime or batch size than before gets the old one, in a service whose log nobody reads.
# VERSIONS: mlflow 3.17.2, Python 3.11; seen 2026-11-28
# Expected: the model's own code sees every key that was given, or the call fails.
# Here: a version is logged with every key that it knows, at its default; a test loads it with another runtime.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check mlflow==3.17.2
cat > "$work/model.py" <<'PY'
import mlflow


class Model(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.config = dict(context.model_config)

    def predict(self, context, model_input, params=None):
        return sorted(self.config.items())


mlflow.models.set_model(Model())
PY
cat > "$work/try.py" <<'PY'
import sys

import mlflow

work = sys.argv[1]
mlflow.pyfunc.save_model(f"{work}/saved", python_model=f"{work}/model.py", model_config={"threads": 1}, pip_requirements=[])
loaded = mlflow.pyfunc.load_model(f"{work}/saved", model_config={"threads": 2, "runtime": "openvino"})
print(loaded.predict([0.0]))
PY
seen=$("$work/venv/bin/python" "$work/try.py" "$work" 2>/dev/null)
echo "given threads=2 and runtime=openvino, the model got: $seen"
[ "$seen" = "[('threads', 2)]" ] || { echo "MLflow does otherwise now" >&2; exit 1; }
