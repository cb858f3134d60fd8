#!/usr/bin/env bash
# Of two values of one step within a millisecond MLflow keeps the larger as the run's metric
#
# Seen: 2026-11-27 with mlflow 3.17.2 (mlflow-skinny with SQLAlchemy 2.1.9), sqlite.
# Expected: the one logged last, as with timestamps apart
# Happens: step, timestamp and value are compared in this order, so the larger value stays, whichever came last
# Hurt: final metrics that are corrected in the same loop (a batch logged with one timestamp): an error rate stays at the worse value, an
#   accuracy at the better one
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check mlflow-skinny==3.17.2 sqlalchemy==2.1.9 alembic==1.20.1 pandas==3.1.1
cd "$folder"
export PYTHONWARNINGS=ignore MLFLOW_LOGGING_LEVEL=ERROR
"$folder/venv/bin/python" - <<'PYTHON'
import sys

from mlflow import MlflowClient

client = MlflowClient("sqlite:///mlflow.db")
run = client.create_run(client.create_experiment("strip")).info.run_id
for name, later in (("one_millisecond", 1_000), ("two_milliseconds", 1_001)):
    client.log_metric(run, name, 0.9, step=1, timestamp=1_000)
    client.log_metric(run, name, 0.5, step=1, timestamp=later)
metrics = client.get_run(run).data.metrics
print("logged 0.9, then 0.5 at the same step:", metrics)
sys.exit(metrics != {"one_millisecond": 0.9, "two_milliseconds": 0.5})
PYTHON
