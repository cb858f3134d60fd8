#!/usr/bin/env bash
# MLflow's database stores an infinite metric as 1.797e308
#
# Seen: 2026-11-27 with mlflow 3.17.2 (mlflow-skinny with SQLAlchemy 2.1.9), sqlite.
# Expected: inf comes back as inf, as NaN comes back as NaN
# Happens: the value read back is the largest float, finite
# Hurt: a loss that diverged: math.isinf and isfinite see nothing wrong, and a mean over runs or a plot's axis is 1e307
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check mlflow-skinny==3.17.2 sqlalchemy==2.1.9 alembic==1.20.1 pandas==3.1.1
cd "$folder"
export PYTHONWARNINGS=ignore MLFLOW_LOGGING_LEVEL=ERROR
"$folder/venv/bin/python" - <<'PYTHON'
import math
import sys

from mlflow import MlflowClient

client = MlflowClient("sqlite:///mlflow.db")
run = client.create_run(client.create_experiment("strip")).info.run_id
for name, value in (("nan", float("nan")), ("inf", float("inf"))):
    client.log_metric(run, name, value)
metrics = client.get_run(run).data.metrics
print("logged nan, read", metrics["nan"], "- logged inf, read", metrics["inf"], "isfinite:", math.isfinite(metrics["inf"]))
sys.exit(not (math.isnan(metrics["nan"]) and math.isfinite(metrics["inf"])))
PYTHON
