#!/usr/bin/env bash
# MLflow cuts a parameter of more than 6000 characters instead of refusing it
#
# Seen: 2026-11-27 with mlflow 3.17.2 (mlflow-skinny with SQLAlchemy 2.1.9), sqlite.
# Expected: an error, as for a parameter logged again with another value
# Happens: the first 6000 characters are stored and a warning is logged (MLFLOW_TRUNCATE_LONG_VALUES, on by default); reading back gives no
#   hint
# Hurt: a list of training files or a class map logged as JSON for tracing: it no longer parses, which shows when it is needed, at an audit
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check mlflow-skinny==3.17.2 sqlalchemy==2.1.9 alembic==1.20.1 pandas==3.1.1
cd "$folder"
export PYTHONWARNINGS=ignore MLFLOW_LOGGING_LEVEL=ERROR
"$folder/venv/bin/python" - <<'PYTHON'
import json
import sys

from mlflow import MlflowClient

client = MlflowClient("sqlite:///mlflow.db")
run = client.create_run(client.create_experiment("strip")).info.run_id
files = json.dumps([f"coil-{number:05}.tif" for number in range(500)])
client.log_param(run, "files", files)
kept = client.get_run(run).data.params["files"]
try:
    json.loads(kept)
    parses = True
except json.JSONDecodeError:
    parses = False
print(f"logged {len(files)} characters without an error, read {len(kept)}; still JSON: {parses}")
sys.exit(not (len(files) > 6000 == len(kept) and not parses))
PYTHON
